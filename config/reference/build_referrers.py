"""Write matomo_referrers.csv and spam_hosts.csv from Matomo's lists, the sources that NOTICE names.

Run from the checkout root, with SearchEngines.yml, Socials.yml and AIAssistants.yml of
matomo-org/searchengine-and-social-list and spammers.txt of matomo-org/referrer-spam-list in LISTS_FOLDER:
`python -m config.reference.build_referrers LISTS_FOLDER`; their commits belong into the heads below. The tables have no
more than a host's type and name: how to read search terms from a URL is left out.
"""

import csv
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

# Lists in the order in which they win: an assistant of a search engine's company is an assistant.
LISTS = {"AIAssistants.yml": "AI Assistant", "Socials.yml": "Social Media", "SearchEngines.yml": "Search Engine"}
# Hosts where Matomo reads search terms, and most pages are something else.
NO_SEARCH_ENGINES = {
    "cgi2.nintendo.co.jp",
    "cnn.com",
    "digg.com",
    "dizionario.it.msn.com",
    "enciclopedia.it.msn.com",
    "facebook.com",
    "friendfeed.com",
    "msnbc.msn.com",
    "technorati.com",
}
PATTERNS_HEAD = (
    "# Search engines, social networks and AI assistants by host. Written by build_referrers.py from Matomo's\n"
    "# searchengine-and-social-list (CC0-1.0); SearchEngines.yml at 02e45a1, Socials.yml at 03dcb35,\n"
    "# AIAssistants.yml at 02a8125. `name.*` is the name under every public suffix; a host covers its subdomains.\n"
)
SPAM_HEAD = (
    "# Hosts that spam referrers, with their subdomains. Written by build_referrers.py from Matomo's\n"
    "# referrer-spam-list (public domain), spammers.txt at ad79491.\n"
)


def hosts_of(listed: Any) -> Iterator[str]:
    """The hosts of one entry: a list of hosts, or of configurations with `urls`; `{}` stands for a country."""
    for entry in listed:
        for host in entry["urls"] if isinstance(entry, dict) else [entry]:
            bare = host.strip().lower().removeprefix("android-app://").removeprefix("www.").rstrip("/")
            # A country's subdomain is a subdomain.
            yield bare.removeprefix("{}.").replace(".{}", ".*")


def referrers(folder: Path) -> dict[str, tuple[str, str]]:
    """Type and name by host, of the first list that has it."""
    found: dict[str, tuple[str, str]] = {}
    for file, referrer_type in LISTS.items():
        listed = yaml.safe_load(Path(folder, file).read_text(encoding="utf-8"))
        for name, entry in listed.items():
            for host in hosts_of(entry):
                if referrer_type != "Search Engine" or host not in NO_SEARCH_ENGINES:
                    found.setdefault(host, (referrer_type, str(name)))
    return found


def write(name: str, head: str, rows: list[list[str]]) -> None:
    with Path(__file__).with_name(name).open("w", encoding="utf-8", newline="") as table:
        table.write(head)
        csv.writer(table, lineterminator="\n").writerows(rows)


def main() -> None:
    """Write both tables beside this file."""
    folder = Path(sys.argv[1])
    rows = [[host, *told] for host, told in sorted(referrers(folder).items())]
    write("matomo_referrers.csv", PATTERNS_HEAD, [["host", "referrer_type", "referrer_name"], *rows])
    spam = sorted(set(Path(folder, "spammers.txt").read_text(encoding="utf-8").lower().split()))
    write("spam_hosts.csv", SPAM_HEAD, [["host"], *([host] for host in spam)])


if __name__ == "__main__":
    main()
