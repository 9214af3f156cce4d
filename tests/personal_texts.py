"""Texts of events that tell of a person: what the scrubber must let through nowhere."""

import base64

ADDRESS = "erika.beispiel@mail.example"
ENCODED_ADDRESS = base64.urlsafe_b64encode(ADDRESS.encode()).decode().rstrip("=")
TOKEN = "s3cr3t" * 6
SHOP = "https://www.shop.example.de"
PERSONAL_TEXTS = [
    ADDRESS,
    f"{SHOP}/customer/reset?email={ADDRESS}&token={TOKEN}",
    f"{SHOP}/newsletter/{ADDRESS}/confirm",
    f"{SHOP}/newsletter/{ADDRESS.replace('@', '%2540')}/confirm?key={TOKEN}",
    f"{SHOP}/customer/{ENCODED_ADDRESS}/",
    f"{SHOP}/?return=https%3A%2F%2Fhost%2Freset%3Ftoken%3D{TOKEN}",
    f"{SHOP}/?u={ENCODED_ADDRESS}#{ENCODED_ADDRESS}",
]
