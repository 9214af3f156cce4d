"""The data quality report as one HTML page that needs nothing but itself."""

from collections.abc import Mapping, Sequence
from html import escape
from itertools import groupby
from string import Template

from spark.quality import Result, broken, number

# By the first word of a check's name, in the order of the page; what is broken comes first.
SUBJECTS = {
    "broken": "Broken",
    "key": "Keys are unique",
    "orphan": "Nothing points nowhere",
    "sum": "Sums agree",
    "unknown": "Members are known",
    "null": "Values are there",
    "accepted": "Values are accepted",
    "share": "Shares are usual",
    "volume": "Volume is usual",
    "fresh": "Data is fresh",
    "partition": "Partitions are ready",
    "version": "The catalogue's history is whole",
}
PAGE = Template("""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Data quality: $headline</title>
<style>
:root { color-scheme: light dark; --text: #1c2430; --soft: #647084; --line: #dfe4ea; --page: #fff; --band: #f5f7f9;
  --good: #1a7f4b; --warn: #a35c00; --bad: #c22f2f; }
@media (prefers-color-scheme: dark) { :root { --text: #e3e8ee; --soft: #97a3b4; --line: #333c48; --page: #14181d;
  --band: #1c2229; --good: #56c08a; --warn: #e3a03c; --bad: #f07a7a; } }
body { font: 15px/1.45 system-ui, sans-serif; color: var(--text); background: var(--page); max-width: 1200px;
  margin: 2rem auto; padding: 0 1.2rem; }
h1 { font-size: 1.5rem; margin: 0; } h1.ERROR { color: var(--bad); } h1.warning { color: var(--warn); }
h1.passed { color: var(--good); }
p { color: var(--soft); margin: .3rem 0 1.6rem; }
table { border-collapse: collapse; width: 100%; }
th { text-align: left; font-weight: 600; color: var(--soft); font-size: .8rem; }
th, td { padding: .45rem .7rem; border-bottom: 1px solid var(--line); vertical-align: top; }
tr.subject td { background: var(--band); font-weight: 600; border-bottom: 0; }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
code { font-size: .88rem; } small { color: var(--soft); display: block; }
.verdict { white-space: nowrap; font-weight: 600; } .verdict.passed { color: var(--good); }
.verdict.warning { color: var(--warn); } .verdict.ERROR { color: var(--bad); } .verdict.empty { color: var(--soft); }
.history { white-space: nowrap; font-size: 0; } .history i { display: inline-block; width: 5px; height: 14px;
  margin-right: 1px; background: var(--good); opacity: .55; }
.history i.broken { background: var(--bad); opacity: 1; }
</style>
</head>
<body>
<h1 class="$state">$headline</h1>
<p>$scope, checked at $checked_at UTC</p>
<table>
<thead><tr><th>check</th><th class="number">observed</th><th class="number">at most</th><th>verdict</th><th>detail</th>
<th>last 20</th></tr></thead>
<tbody>
$rows
</tbody>
</table>
</body>
</html>
""")
SUBJECT_ROW = Template('<tr class="subject"><td colspan="6">$subject</td></tr>')
ROW = Template(
    "<tr><td><code>$name</code><small>$meaning</small></td>"
    '<td class="number">$observed</td><td class="number">$bound $unit</td>'
    '<td class="verdict $state">$verdict</td><td>$detail</td><td class="history">$history</td></tr>'
)


def verdict(result: Result) -> str:
    """passed, warning or ERROR; `no data` where there was nothing to judge."""
    if result.observed is None:
        return "no data"
    if result.passed:
        return "passed"
    return "ERROR" if result.check.severity == "error" else "warning"


def headline(results: Sequence[Result]) -> str:
    """`1 error rule and 2 warnings broken`."""
    counted = ((len(broken(results, "error")), "error rule"), (len(broken(results, "warning")), "warning"))
    parts = [f"{count} {word}{'s' * (count > 1)}" for count, word in counted if count]
    return f"{' and '.join(parts)} broken" if parts else "every one passed"


def quality_page(results: Sequence[Result], history: Mapping[str, Sequence[bool]]) -> str:
    """The page; `history` holds the newest verdicts of each check by its name, oldest first."""
    run_id = results[0].run_id if results else None
    state = "ERROR" if broken(results, "error") else "warning" if broken(results, "warning") else "passed"
    return PAGE.substitute(
        headline=f"{len(results)} checks: {headline(results)}",
        state=state,
        scope="The whole warehouse" if run_id is None else f"What run {run_id} loaded",
        checked_at=f"{results[0].checked_at:%Y-%m-%d %H:%M:%S}" if results else "-",
        rows="\n".join(_rows(results, history)),
    )


def _rows(results: Sequence[Result], history: Mapping[str, Sequence[bool]]) -> list[str]:
    subjects = list(SUBJECTS)

    def subject(result: Result) -> str:
        return result.check.name.partition("_")[0] if result.passed else "broken"

    def place(result: Result) -> tuple[int, str]:
        known = subject(result)
        return (subjects.index(known) if known in SUBJECTS else len(subjects), result.check.name)

    rows = []
    for name, group in groupby(sorted(results, key=place), key=subject):
        rows.append(SUBJECT_ROW.substitute(subject=escape(SUBJECTS.get(name, name))))
        rows.extend(_row(result, history.get(result.check.name, ())) for result in group)
    return rows


def _row(result: Result, history: Sequence[bool]) -> str:
    check, word = result.check, verdict(result)
    return ROW.substitute(
        name=escape(check.name),
        meaning=escape(check.meaning),
        observed=number(result.observed),
        bound=number(check.bound),
        unit=escape(check.unit),
        state="empty" if word == "no data" else word,
        verdict=word,
        detail=escape(result.detail or ""),
        history="".join("<i></i>" if passed else '<i class="broken"></i>' for passed in history),
    )
