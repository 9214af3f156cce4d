"""The dashboard's files: what is vendored is what it says it is, and nothing writes HTML or inline styles."""

import gzip
import hashlib
import json
import re

from config.settings import PROJECT_ROOT

FOLDER = PROJECT_ROOT / "serving" / "dashboard"
VENDORED = FOLDER / "vendor"
OWN = [*FOLDER.glob("scripts/**/*.js"), FOLDER / "index.html"]
LARGEST = 250_000
FORBIDDEN = re.compile(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function| style=|style:")


def test_what_is_vendored_has_its_version_its_licence_and_its_hash() -> None:
    said = json.loads((VENDORED / "vendored.json").read_text())
    for name, file in said["files"].items():
        assert hashlib.sha256((VENDORED / name).read_bytes()).hexdigest() == file["sha256"], name
    served = {
        str(each.relative_to(VENDORED)) for each in VENDORED.glob("*/*.*") if each.suffix in (".js", ".css", ".json")
    }
    assert served - {"echarts-6.1.0/entry.js"} == set(said["files"])
    for name, package in said["packages"].items():
        assert package["version"] and package["licence"] and package["npm_integrity"], name
        assert "licence_file" not in package or (VENDORED / package["licence_file"]).exists()
        assert f"{name}@{package['version']}" in (VENDORED / "make.sh").read_text() or name in ("zrender", "tslib")


def test_libraries_and_map_are_250_kb_at_most() -> None:
    said = json.loads((VENDORED / "vendored.json").read_text())
    assert sum(len(gzip.compress((VENDORED / name).read_bytes(), 9)) for name in said["files"]) <= LARGEST


def test_nothing_writes_html_or_an_inline_style() -> None:
    found = {str(file.relative_to(FOLDER)): FORBIDDEN.findall(file.read_text()) for file in OWN}
    assert {name: words for name, words in found.items() if words} == {}


def test_a_file_has_under_400_lines() -> None:
    assert [
        str(file) for file in (*OWN, *FOLDER.glob("styles/*.css")) if len(file.read_text().splitlines()) >= 400
    ] == []


def test_a_definition_that_a_page_names_is_there() -> None:
    headings = re.findall(r"^#{2,3} (.+)$", (PROJECT_ROOT / "docs" / "definitions.md").read_text(), re.MULTILINE)
    anchors = {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}
    named = {
        anchor
        for file in OWN
        for anchor in re.findall(r'definition: "([^"]+)"|meant\("[^"]+", "([^"]+)"', file.read_text())
        for anchor in anchor
        if anchor
    }
    assert named and named <= anchors, named - anchors
