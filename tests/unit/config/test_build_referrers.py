"""The tables of referrers are written from Matomo's lists, no more than host, type and name."""

from pathlib import Path

from config.reference.build_referrers import referrers

SEARCH_ENGINES = """
Google:
  -
    urls:
      - google.com
      - 'google.{}'
      - www.cnn.com
    params:
      - q
Bing Images:
  -
    urls:
      - '{}.bing.com/images/search'
"""


def test_a_host_has_the_type_and_name_of_the_first_list_that_has_it(tmp_path: Path) -> None:
    (tmp_path / "SearchEngines.yml").write_text(SEARCH_ENGINES, encoding="utf-8")
    (tmp_path / "Socials.yml").write_text("Telegram:\n  - android-app://org.telegram.messenger\n", encoding="utf-8")
    (tmp_path / "AIAssistants.yml").write_text("Grok:\n  - x.com/i/grok\n", encoding="utf-8")
    assert referrers(tmp_path) == {
        "x.com/i/grok": ("AI Assistant", "Grok"),
        "org.telegram.messenger": ("Social Media", "Telegram"),
        "google.com": ("Search Engine", "Google"),
        "google.*": ("Search Engine", "Google"),
        "bing.com/images/search": ("Search Engine", "Bing Images"),
    }
