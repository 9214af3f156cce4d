"""A slug's kind comes from a closed vocabulary; compound words follow a rule, and words that deceive do not count."""

import csv
import gzip
import os
import random
from collections import Counter
from pathlib import Path
from urllib.parse import urlsplit

import orjson
import pytest

from config.errors import ConfigurationError
from config.reference import reference_rows
from config.settings import PROJECT_ROOT
from spark.enrichment.product_category import COMPOUNDING, LINKS, folded
from spark.enrichment.product_url import PageRules
from spark.enrichment.settings import EnrichmentSettings

RULES = EnrichmentSettings().page_rules()
GENERATED = PROJECT_ROOT / "utilities" / "event_generator" / "vocabulary.csv"


def category(slug: str, rules: PageRules = RULES) -> str | None:
    page = rules.read(f"https://www.shop.example.com/{slug}.html")
    return page.category if page else None


@pytest.mark.parametrize(
    ("slug", "expected"),
    [
        ("herrenring-mystic-dream", "rings"),
        ("damesring-lune", "rings"),
        ("kvinnering-lune", "rings"),
        ("trauringe-lune", "rings"),
        ("diamantverlobungsring-lune", "rings"),
        ("kihlasormus-saundria", "rings"),
        ("kinderarmband-falcila", "bracelets"),
        ("damenohrring-lune", "earrings"),
        ("ear-ring-lune", "earrings"),
        ("hals-kette-lune", "necklaces"),
        ("ankelkaede-doralis", "anklets"),
        ("bratara-pentru-glezna-faina", "anklets"),
        ("bracelet-de-cheville-lune", "anklets"),
        ("nose-pin-florka", "piercings"),
        ("kolye-susu-azura", "pendants"),
        ("kolye-lune", "necklaces"),
        ("women-s-pendant-necklace-lune", "necklaces"),
        ("collar-con-colgante-luna", "necklaces"),
        ("bridal-set-graceful", "rings"),
        ("結婚戒指-sense-muse-4-mm", "rings"),
        ("armbaender-lune", "bracelets"),
        ("armbander-lune", "bracelets"),
        ("charm-clover", "charms"),
        ("apple-watch-case-apasa", "accessories"),
    ],
)
def test_words_compounds_and_phrases_name_a_kind(slug: str, expected: str) -> None:
    assert category(slug) == expected


@pytest.mark.parametrize(
    "slug",
    [
        *("charming-glow-5-mm", "magic-charm-5-mm", "alluring-balance-2-mm", "string-of-spring", "enduring-stirring"),
        *("classic-route-2-mm", "strings-during-wiring", "shop-10-mm", "ringlet", "watchful-hour", "chainless"),
    ],
)
def test_words_that_only_look_like_a_kind_name_none(slug: str) -> None:
    assert category(slug) is None


def test_every_kind_of_the_vocabulary_is_one_of_the_closed_list() -> None:
    listed = {row["category"] for row in reference_rows("categories.csv")}
    words = reference_rows("category_words.csv")
    assert {row["category"] for row in words} == listed
    assert set(RULES.vocabulary.groups) == listed
    by_word: dict[tuple[str, str], set[str]] = {}
    for row in words:
        by_word.setdefault((row["word"], row["language"]), set()).add(row["category"])
    assert [word for word, categories in by_word.items() if len(categories) > 1] == []


def test_no_english_word_is_taken_for_a_compound() -> None:
    """The rule must not find kinds in everyday words: every word of the licence and of the docs' English."""
    texts = [*(PROJECT_ROOT / "docs").glob("*.md"), PROJECT_ROOT / "LICENSE", PROJECT_ROOT / "README.md"]
    words = {word for path in texts for word in folded(path.read_text(encoding="utf-8")).split() if word.isalpha()}
    named = {row["word"] for row in reference_rows("category_words.csv")}
    taken = {word for word in words if word not in named and RULES.vocabulary.compound(word)}
    assert len(words) > 1_000
    # The docs' examples of the rule itself.
    assert taken <= {"herrenring", "damesring", "kvinnering", "trauringe", "damenohrring", "verlobungsring"}


def test_any_known_part_and_link_before_a_kind_is_a_compound() -> None:
    rng = random.Random(5)
    words, parts = reference_rows("category_words.csv"), reference_rows("compound_parts.csv")
    for language in COMPOUNDING:
        heads = [r for r in words if r["language"] == language and " " not in r["word"] and len(r["word"]) > 3]
        befores = [row for row in parts if row["language"] == language and not row["category"]]
        for _ in range(50):
            head, before = rng.choice(heads), rng.choice(befores)
            compound = folded(before["word"]) + rng.choice(LINKS) + folded(head["word"])
            assert RULES.vocabulary.compound(compound) is not None, compound


def test_the_nouns_of_another_vocabulary_are_named_right() -> None:
    """The generator's words were written by other hands: at least 95 % right, none wrong."""
    kinds = {"engagement-rings": "rings", "wedding-rings": "rings"}
    with GENERATED.open(encoding="utf-8", newline="") as table:
        nouns = [row for row in csv.DictReader(table) if row["product_slug"]]
    found = [(row["product_slug"], category(f"{row['product_slug']}-alba-dawn"), row["category"]) for row in nouns]
    wrong = [each for each in found if each[1] not in (None, kinds.get(each[2], each[2]))]
    missing = [each for each in found if each[1] is None]
    assert wrong == []
    assert len(missing) <= 0.05 * len(found), missing


def test_another_shop_brings_its_own_vocabulary(tmp_path: Path) -> None:
    (tmp_path / "categories.csv").write_text("category,category_group,meaning\nphones,electronics,\nheaters,home,\n")
    (tmp_path / "category_words.csv").write_text(
        "word,language,category,position\nsmartphone,en,phones,\nwater heater,en,heaters,\n"
    )
    (tmp_path / "compound_parts.csv").write_text("word,language,category\n")
    rules = EnrichmentSettings(product_vocabulary=tmp_path).page_rules()
    assert category("electronics/smartphone/apple-x-1004237", rules) == "phones"
    assert category("appliances/water_heater/aqua-3900746", rules) == "heaters"
    assert category("ring-alba", rules) is None
    assert rules.vocabulary.groups["phones"] == "electronics"


def test_a_vocabulary_that_cannot_be_used_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="PRODUCT_VOCABULARY"):
        EnrichmentSettings(product_vocabulary=tmp_path).page_rules()
    (tmp_path / "categories.csv").write_text("category,category_group,meaning\nphones,electronics,\n")
    (tmp_path / "category_words.csv").write_text("word,language,category,position\nring,en,rings,\n")
    (tmp_path / "compound_parts.csv").write_text("word,language,category\n")
    with pytest.raises(ConfigurationError, match="'ring' is of the category 'rings'"):
        EnrichmentSettings(product_vocabulary=tmp_path).page_rules()


def test_a_vocabulary_of_one_half_of_a_shop_names_the_products_of_the_other(capture: Path, tmp_path: Path) -> None:
    """The capture's shop says its kinds in folders; the vocabulary is read off half of its products, by id.

    Of the other half only the slugs are read: at least 85 % right and at most 1 % wrong per product.
    """
    kinds: dict[str, tuple[str, str]] = {}
    with gzip.open(capture) as lines:
        for event in map(orjson.loads, lines):
            *folders, slug = urlsplit(event["current_url"]).path.strip("/").split("/")
            if event["collection"] == "view_product_detail" and len(folders) > 1:
                kinds[event["product_id"]] = folders[-1], slug
    looked_at = {kind for product_id, (kind, _) in kinds.items() if int(product_id) % 2}
    names = sorted({kind: kind.replace("_", " ") for kind in looked_at}.items())
    (tmp_path / "categories.csv").write_text(
        "\n".join(["category,category_group,meaning", *(f"{kind},all," for kind, _ in names)])
    )
    (tmp_path / "category_words.csv").write_text(
        "\n".join(["word,language,category,position", *(f"{name},en,{kind}," for kind, name in names)])
    )
    (tmp_path / "compound_parts.csv").write_text("word,language,category\n")
    rules = EnrichmentSettings(shop_domains="shop.example", product_vocabulary=tmp_path).page_rules()
    measured = [
        (kind, category(slug.removesuffix(".html"), rules))
        for product_id, (kind, slug) in kinds.items()
        if int(product_id) % 2 == 0
    ]
    right = sum(kind == found for kind, found in measured)
    wrong = sum(found is not None and kind != found for kind, found in measured)
    assert len(measured) > 1_000
    assert right >= 0.85 * len(measured)
    assert wrong <= 0.01 * len(measured)


def test_labelled_pages_are_named_right() -> None:
    """Whoever has labelled pages of a real shop measures here: MILLRACE_LABELLED_PAGES names a CSV file.

    Its columns are product_id, url, category and, optionally, views; SHOP_DOMAINS and other settings are those of the
    environment. Per product, as `sql/load/057` chooses: at least 85 % right, at most 1 % wrong.
    """
    if "MILLRACE_LABELLED_PAGES" not in os.environ:
        pytest.skip("MILLRACE_LABELLED_PAGES names no file of labelled pages")
    settings = EnrichmentSettings()
    rules = settings.page_rules()
    votes: dict[tuple[str, str], Counter[tuple[str, str]]] = {}
    with Path(os.environ["MILLRACE_LABELLED_PAGES"]).open(encoding="utf-8", newline="") as table:
        for row in csv.DictReader(table):
            page, known = rules.read(row["url"]), votes.setdefault((row["product_id"], row["category"]), Counter())
            if page and page.category:
                known[page.language, page.category] += int(row.get("views") or 1)
    outcomes: Counter[str] = Counter()
    for (_, truth), named in votes.items():
        ranks = {language: rank for rank, language in enumerate(settings.languages)}
        chosen = min(named, key=lambda each: (ranks.get(each[0], len(ranks)), -named[each], each), default=("", ""))[1]
        outcomes["missing" if not chosen else "right" if chosen == truth else "wrong"] += 1
    products = outcomes.total()
    print({outcome: f"{count / products:.1%} of {products}" for outcome, count in outcomes.items()})
    assert outcomes["right"] >= 0.85 * products, outcomes
    assert outcomes["wrong"] <= 0.01 * products, outcomes
