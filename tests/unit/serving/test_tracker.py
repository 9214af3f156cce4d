"""The tracker: 2 kB, silent until the visitor agrees, and what it sends is valid."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from kafka.feeds.declaration import load_feeds
from serving.app import PAGES
from tests.unit.serving.parts import Api

TRACKER = PAGES / "tracker.js"
BROWSER = """
const store = () => { const kept = {}; return {
  kept, getItem: key => kept[key] ?? null,
  setItem: (key, value) => { kept[key] = value; }, removeItem: key => { delete kept[key]; } }; };
const sent = [], listeners = {};
const address = "https://shop.example/rings?email=a@b.example#x";
Object.assign(globalThis, {
  localStorage: store(), sessionStorage: store(), window: globalThis, location: new URL(address),
  document: { currentScript: { src: "https://api.example/tracker.js", dataset: { key: "mrp_k" } } },
  addEventListener: (name, listener) => { listeners[name] = listener; },
});
Object.defineProperty(globalThis, "navigator", { configurable: true, value: {
  userAgent: "Agent/1", sendBeacon: (url, body) => sent.push({ url, body }) } });
require(process.argv[2]);
const click = href => listeners.click({ target: { closest: () => ({ href }) } });
click("https://shop.example/gold?user=anna");
const before = { sent: sent.length, stored: Object.keys(localStorage.kept).concat(Object.keys(sessionStorage.kept)) };
window.millrace.consent(true);
click("https://shop.example/gold?user=anna");
click("mailto:anna@shop.example");
window.millrace.consent(false);
window.millrace.view();
console.log(JSON.stringify({ before, sent, stored: Object.keys(localStorage.kept) }));
"""


def test_it_has_two_kilobytes_at_most() -> None:
    assert TRACKER.stat().st_size <= 2048


def test_it_is_served(api: Api) -> None:
    script, page = api.client.get("/tracker.js"), api.client.get("/example")
    assert (script.content, script.headers["content-type"]) == (TRACKER.read_bytes(), "text/javascript; charset=utf-8")
    assert "/tracker.js" in page.text and page.headers["content-security-policy"].startswith("default-src 'self'")


@pytest.mark.skipif(shutil.which("node") is None, reason="node runs the tracker")
def test_it_sends_nothing_before_the_visitor_agrees_and_valid_events_without_queries_then(tmp_path: Path) -> None:
    script = tmp_path / "browser.js"
    script.write_text(BROWSER)
    ran = subprocess.run(["node", script, TRACKER], capture_output=True, text=True, timeout=60)
    assert ran.returncode == 0, ran.stderr
    told = json.loads(ran.stdout)
    assert told["before"] == {"sent": 0, "stored": []}
    assert told["stored"] == []
    feeds = load_feeds()
    posts = [(each["url"].split("?")[0].rsplit("/", 1)[1], json.loads(each["body"])) for each in told["sent"]]
    assert [name for name, _ in posts] == ["user_clickstream", "click-events"]
    assert all(feeds[name].validate(event) == [] for name, event in posts)
    assert all("anna" not in each["body"] and "b.example" not in each["body"] for each in told["sent"])
    assert posts[1][1]["page_url"] == "https://shop.example/gold"
