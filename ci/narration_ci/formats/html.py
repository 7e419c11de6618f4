"""Coverage as one HTML page without outside assets: `narration.html`, for people who do not read JSON."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from html import escape
from importlib.resources import files
from typing import Final

from narration_ci.formats.lines import by_file
from narration_ci.measure.coverage import PointCoverage, ScenarioCoverage, Totals
from narration_ci.measure.gate import counted, why_silent
from narration_ci.measure.project import Measured

_WORDS: Final = {"asserted": "told", "emitted": "heard only", "silent": "silent"}
# Nothing from outside is loaded, whatever a sentence or a name may hold.
POLICY: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
)


def asset(name: str) -> str:
    """Return a file that goes into pages."""
    return files("narration_ci.formats").joinpath(name).read_text("utf-8")


def _head(measured: Measured) -> str:
    totals, baseline = measured.coverage.totals, measured.baseline
    share = {"heard": totals.emitted, "asserted": totals.asserted}
    bars = "".join(
        f'<i class="{name}" style="width:{count * 100 / totals.declared:.2f}%"></i>' for name, count in share.items()
    )
    mark = f'<b style="left:{baseline.threshold}%" title="threshold"></b>' if baseline else ""
    told = f"{totals.asserted} of {totals.declared} points asserted"
    held = f" The threshold is {baseline.threshold}&nbsp;%, the goal {baseline.goal}&nbsp;%." if baseline else ""
    run = measured.records.run
    began = datetime.fromtimestamp(run.started_at_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M UTC")
    return (
        "<header><h1>Narration coverage</h1>"
        f'<p class="figure">{totals.shown}</p>'
        f'<div class="bar" role="img" aria-label="{told}">{bars}{mark}</div>'
        f"<p>{totals.declared} points can tell something. Asserted by a test: {totals.asserted}. Heard, but "
        f"asserted by none: {totals.emitted - totals.asserted}. "
        f"Never heard: {totals.declared - totals.emitted}.{held}</p>"
        f'<p class="soft">Run of {began}, <code>{escape(run.run_id)}</code></p></header>'
    )


def _verdict(measured: Measured) -> str:
    verdict = measured.verdict
    if verdict is None:
        return '<div class="verdict">No baseline yet: <code>narration coverage init</code> writes the first.</div>'
    notes = "".join(f'<p class="soft">{escape(note)}</p>' for note in verdict.notes)
    if not verdict.faults:
        return f'<div class="verdict"><strong>The gate says yes.</strong>{notes}</div>'
    items = "".join(
        f"<li><code>{escape(one.place)}</code> {escape(one.what)}<br><span class=soft>{escape(one.why)}</span></li>"
        for one in verdict.faults
    )
    return f'<div class="verdict no"><strong>The gate says no.</strong><ul>{items}</ul>{notes}</div>'


def _totals(title: str, groups: dict[str, Totals]) -> str:
    head = "".join(f'<th class="n" scope="col">{name}</th>' for name in ("declared", "emitted", "asserted", "share"))
    rows = "".join(
        f"<tr><td><code>{escape(name)}</code></td>"
        + "".join(f'<td class="n">{value}</td>' for value in (one.declared, one.emitted, one.asserted, one.shown))
        + "</tr>"
        for name, one in groups.items()
    )
    return f'<div class="scroll"><table><tr><th scope="col">{title}</th>{head}</tr>{rows}</table></div>'


def _listed(title: str, entries: Iterable[str]) -> str:
    items = "".join(f"<li>{entry}</li>" for entry in entries)
    return f"<details><summary>{title}</summary><ul>{items}</ul></details>" if items else ""


def _hearers(one: PointCoverage, tests: Mapping[str, ScenarioCoverage]) -> str:
    """Return who hears a point: scenarios by name, other tests by id, those that assert nothing marked."""
    scenarios = sum(tests[test].is_scenario for test in one.emitted_by)
    others = len(one.emitted_by) - scenarios
    heard = [counted(number, word) for number, word in ((scenarios, "scenario"), (others, "test")) if number]
    all_assert = len(one.asserted_by) == len(one.emitted_by)
    asserting = "" if all_assert else f", {len(one.asserted_by)} of them assert it"
    shown = []
    for test in one.emitted_by:
        its = tests[test]
        name = escape(its.title) if its.is_scenario else f"<code>{escape(test)}</code>"
        mark = "failed" if test in one.failed_by else "" if test in one.asserted_by else "hears it, asserts nothing"
        shown.append(f'{name} <span class="soft">({mark})</span>' if mark else name)
    return _listed(f"Heard by {' and '.join(heard)}{asserting}", shown)


def _point(one: PointCoverage, tests: Mapping[str, ScenarioCoverage]) -> str:
    point = one.point
    sentence = escape(one.sentence or "(the sentence is made at run time)")
    who = escape(f"{', '.join(one.actors)} · {point.action or point.name} · {point.level or 'info'}")
    why = "" if one.asserted_by else f'<p class="soft">{escape(point.silent or why_silent(one))}</p>'
    return (
        f'<div class="point {one.state}"><span class="tag">{_WORDS[one.state]}</span><div>{sentence}'
        f'<p class="soft">{who} · <code>{escape(point.place)}</code></p>{why}{_hearers(one, tests)}</div></div>'
    )


def _points(points: Iterable[PointCoverage], tests: Mapping[str, ScenarioCoverage]) -> str:
    sections = []
    for path, its in by_file(points).items():
        listed = "".join(_point(one, tests) for one in its)
        sections.append(f'<section class="file"><h3><code>{escape(path)}</code></h3>{listed}</section>')
    return "".join(sections)


def _silent(points: Iterable[PointCoverage]) -> str:
    """Return what nobody would notice, first and short: it is what a reader came for."""
    rows = "".join(
        f"<tr><td>{escape(one.sentence or one.point.key)}</td><td>{escape(why_silent(one))}</td>"
        f"<td><code>{escape(one.point.place)}</code></td></tr>"
        for one in points
        if not one.asserted_by
    )
    head = "".join(f'<th scope="col">{name}</th>' for name in ("sentence", "why", "place"))
    return f'<h2>What is silent</h2><div class="scroll"><table><tr>{head}</tr>{rows}</table></div>' if rows else ""


def _scenario(one: ScenarioCoverage, sentences: Mapping[str, str]) -> str:
    title = f"{counted(one.events, 'event')} from {counted(len(one.points), 'point')}"
    told = _listed(title, (escape(sentences.get(key, key)) for key in one.points))
    mute = '<p class="soft">tells nothing</p>' if not one.events else "" if told else f'<p class="soft">{title}</p>'
    state = "asserted" if one.outcome == "passed" else "silent"
    name = escape(one.title) if one.is_scenario else f"<code>{escape(one.test)}</code>"
    return f'<div class="row {state}"><span class="tag">{escape(one.outcome)}</span><div>{name}{told}{mute}</div></div>'


def _scenarios(scenarios: Iterable[ScenarioCoverage], sentences: Mapping[str, str]) -> str:
    groups: dict[str, list[ScenarioCoverage]] = defaultdict(list)
    for one in scenarios:
        groups[one.feature or one.test.partition("::")[0]].append(one)
    return "".join(
        f"<h3><code>{escape(file)}</code></h3>{''.join(_scenario(one, sentences) for one in its)}"
        for file, its in groups.items()
    )


def render(measured: Measured) -> str:
    """Return the page: the figure, what to do, what is told and silent with its sentence, and who hears it."""
    coverage = measured.coverage
    sentences = {one.point.key: one.sentence or one.point.key for one in (*coverage.points, *coverage.excluded)}
    tests = {one.test: one for one in coverage.scenarios}
    scenarios = _scenarios((one for one in coverage.scenarios if one.is_scenario), sentences)
    others = _scenarios((one for one in coverage.scenarios if not one.is_scenario), sentences)
    blocks = [
        _head(measured),
        _verdict(measured),
        _silent(coverage.points),
        "<h2>Who tells how much</h2>" + _totals("actor", coverage.by_actor) + _totals("file", coverage.by_file),
        "<h2>What can be told</h2>",
        (
            '<form hidden><input type="search" name="word" placeholder="word, actor or file" aria-label="Look for">'
            '<label><input type="checkbox" name="silent"> only what is silent</label></form>'
        ),
        _points(coverage.points, tests),
        f"<h2>Excluded with a reason</h2>{_points(coverage.excluded, tests)}" if coverage.excluded else "",
        f"<h2>Scenarios</h2>{scenarios}" if scenarios else "",
        f"<h2>Other tests that heard something</h2>{others}" if others else "",
    ]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Narration coverage: {coverage.totals.shown}</title><style>\n{asset('page.css')}</style></head>\n"
        "<body>\n" + "\n".join(filter(None, blocks)) + f"\n<script>\n{asset('page.js')}</script></body></html>\n"
    )
