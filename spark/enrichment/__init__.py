"""What an event's own strings tell about it: product, store's country, referrer and device.

Pure functions of one string (and of the configured shop), so that the same text always gives the same dimension row,
whatever order events arrive in. None of them raises on odd input: what cannot be read is None. Each is meant for the
*distinct* values of its column. The rules and their sources are in docs/enrichment.md, the data in config/reference/.

- `product_url.PageRules.read`: product name, language, category and category path of a product page.
- `store.store_country`: the country a store sells to.
- `referrer.normalize_referrer`: the natural key, domain and type of a referrer.
- `user_agent.parse_user_agent`: device type, browser, operating system, and whether it is a robot.
- `web_address`: the parts of a URL as the others read them, and what a host of the shop is.
"""
