"""Coverage as one HTML page without outside assets: `narration.html`, for people."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from html import escape
from importlib.resources import files
from typing import Final

from narration_ci.formats.lines import by_file
from narration_ci.measure.coverage import PointCoverage, ScenarioCoverage, Totals
from narration_ci.measure.gate import why_silent
from narration_ci.measure.measurement import Measurement
from narration_core.nouns import counted

_WORDS: Final = {"asserted": "asserted", "emitted": "emitted only", "silent": "silent"}
# Nothing from outside is loaded, whatever a sentence or a name contains.
POLICY: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
)


def asset(name: str) -> str:
    """Return the text of a file that is part of every page."""
    return files("narration_ci.formats").joinpath(name).read_text("utf-8")


def _head(measurement: Measurement) -> str:
    totals, baseline = measurement.coverage.totals, measurement.baseline
    share = {"emitted": totals.emitted, "asserted": totals.asserted}
    bars = "".join(
        f'<i class="{name}" style="width:{count * 100 / totals.declared:.2f}%"></i>' for name, count in share.items()
    )
    mark = f'<b style="left:{baseline.threshold}%" title="threshold"></b>' if baseline else ""
    label = f"{totals.asserted} of {totals.declared} points asserted"
    held = f" The threshold is {baseline.threshold}&nbsp;%, the goal {baseline.goal}&nbsp;%." if baseline else ""
    run = measurement.records.run
    began = datetime.fromtimestamp(run.started_at_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M UTC")
    return (
        "<header><h1>Narration coverage</h1>"
        f'<p class="figure">{totals.shown}</p>'
        f'<div class="bar" role="img" aria-label="{label}">{bars}{mark}</div>'
        f"<p>{totals.declared} points are declared. Asserted by a test: {totals.asserted}. Emitted, but "
        f"asserted by none: {totals.emitted - totals.asserted}. "
        f"Never emitted: {totals.declared - totals.emitted}.{held}</p>"
        f'<p class="soft">Run of {began}, <code>{escape(run.run_id)}</code></p></header>'
    )


def _verdict(measurement: Measurement) -> str:
    verdict = measurement.verdict
    if verdict is None:
        return '<div class="verdict">No baseline yet: <code>narration coverage init</code> writes the first.</div>'
    notes = "".join(f'<p class="soft">{escape(note)}</p>' for note in verdict.notes)
    if not verdict.findings:
        return f'<div class="verdict"><strong>The gate passes.</strong>{notes}</div>'
    items = "".join(
        f"<li><code>{escape(entry.place)}</code> {escape(entry.what)}<br>"
        f"<span class=soft>{escape(entry.why)}</span></li>"
        for entry in verdict.findings
    )
    return f'<div class="verdict no"><strong>The gate fails.</strong><ul>{items}</ul>{notes}</div>'


def _totals(title: str, groups: dict[str, Totals]) -> str:
    head = "".join(f'<th class="n" scope="col">{name}</th>' for name in ("declared", "emitted", "asserted", "share"))
    rows = "".join(
        f"<tr><td><code>{escape(name)}</code></td>"
        + "".join(
            f'<td class="n">{value}</td>' for value in (entry.declared, entry.emitted, entry.asserted, entry.shown)
        )
        + "</tr>"
        for name, entry in groups.items()
    )
    return f'<div class="scroll"><table><tr><th scope="col">{title}</th>{head}</tr>{rows}</table></div>'


def _listed(title: str, entries: Iterable[str]) -> str:
    items = "".join(f"<li>{entry}</li>" for entry in entries)
    return f"<details><summary>{title}</summary><ul>{items}</ul></details>" if items else ""


def _tests(entry: PointCoverage, tests: Mapping[str, ScenarioCoverage]) -> str:
    """Return the tests that reach a point: scenarios by name, other tests by id, those that assert nothing marked."""
    scenarios = sum(tests[test].is_scenario for test in entry.emitted_by)
    others = len(entry.emitted_by) - scenarios
    reached = [counted(number, word) for number, word in ((scenarios, "scenario"), (others, "test")) if number]
    all_assert = len(entry.asserted_by) == len(entry.emitted_by)
    asserting = "" if all_assert else f", {len(entry.asserted_by)} of them assert it"
    shown = []
    for test in entry.emitted_by:
        scenario = tests[test]
        name = escape(scenario.title) if scenario.is_scenario else f"<code>{escape(test)}</code>"
        mark = "failed" if test in entry.failed_by else "" if test in entry.asserted_by else "asserts nothing"
        shown.append(f'{name} <span class="soft">({mark})</span>' if mark else name)
    return _listed(f"Reached by {' and '.join(reached)}{asserting}", shown)


def _point(entry: PointCoverage, tests: Mapping[str, ScenarioCoverage]) -> str:
    point = entry.point
    sentence = escape(entry.sentence or "(the sentence is known only at run time)")
    who = escape(f"{', '.join(entry.actors)} · {point.action or point.name} · {point.level or 'info'}")
    why = "" if entry.asserted_by else f'<p class="soft">{escape(point.silent or why_silent(entry))}</p>'
    return (
        f'<div class="point {entry.state}"><span class="tag">{_WORDS[entry.state]}</span><div>{sentence}'
        f'<p class="soft">{who} · <code>{escape(point.place)}</code></p>{why}{_tests(entry, tests)}</div></div>'
    )


def _points(points: Iterable[PointCoverage], tests: Mapping[str, ScenarioCoverage]) -> str:
    sections = []
    for path, entries in by_file(points).items():
        listed = "".join(_point(entry, tests) for entry in entries)
        sections.append(f'<section class="file"><h3><code>{escape(path)}</code></h3>{listed}</section>')
    return "".join(sections)


def _silent(points: Iterable[PointCoverage]) -> str:
    """Return the silent points, first and short: they are what a reader looks for."""
    rows = "".join(
        f"<tr><td>{escape(entry.sentence or entry.point.key)}</td><td>{escape(why_silent(entry))}</td>"
        f"<td><code>{escape(entry.point.place)}</code></td></tr>"
        for entry in points
        if not entry.asserted_by
    )
    head = "".join(f'<th scope="col">{name}</th>' for name in ("sentence", "why", "place"))
    return f'<h2>Silent points</h2><div class="scroll"><table><tr>{head}</tr>{rows}</table></div>' if rows else ""


def _scenario(entry: ScenarioCoverage, sentences: Mapping[str, str]) -> str:
    title = f"{counted(entry.events, 'event')} from {counted(len(entry.points), 'point')}"
    sentences_list = _listed(title, (escape(sentences.get(key, key)) for key in entry.points))
    without = f'<p class="soft">{title}</p>' if entry.events else '<p class="soft">no narration</p>'
    state = "asserted" if entry.outcome == "passed" else "silent"
    name = escape(entry.title) if entry.is_scenario else f"<code>{escape(entry.test)}</code>"
    body = f"{name}{sentences_list or without}"
    return f'<div class="row {state}"><span class="tag">{escape(entry.outcome)}</span><div>{body}</div></div>'


def _scenarios(scenarios: Iterable[ScenarioCoverage], sentences: Mapping[str, str]) -> str:
    groups: dict[str, list[ScenarioCoverage]] = defaultdict(list)
    for entry in scenarios:
        groups[entry.feature or entry.test.partition("::")[0]].append(entry)
    return "".join(
        f"<h3><code>{escape(file)}</code></h3>{''.join(_scenario(entry, sentences) for entry in entries)}"
        for file, entries in groups.items()
    )


def render(measurement: Measurement) -> str:
    """Return the page: the figure, what to do, every point with its sentence, and the tests that reach it."""
    coverage = measurement.coverage
    sentences = {entry.point.key: entry.sentence or entry.point.key for entry in (*coverage.points, *coverage.excluded)}
    tests = {entry.test: entry for entry in coverage.scenarios}
    scenarios = _scenarios((entry for entry in coverage.scenarios if entry.is_scenario), sentences)
    others = _scenarios((entry for entry in coverage.scenarios if not entry.is_scenario), sentences)
    blocks = [
        _head(measurement),
        _verdict(measurement),
        _silent(coverage.points),
        "<h2>By actor and file</h2>" + _totals("actor", coverage.by_actor) + _totals("file", coverage.by_file),
        "<h2>Points</h2>",
        (
            '<form hidden><input type="search" name="word" placeholder="word, actor or file" aria-label="Look for">'
            '<label><input type="checkbox" name="silent"> only what is silent</label></form>'
        ),
        _points(coverage.points, tests),
        f"<h2>Excluded with a reason</h2>{_points(coverage.excluded, tests)}" if coverage.excluded else "",
        f"<h2>Scenarios</h2>{scenarios}" if scenarios else "",
        f"<h2>Other tests that narrate</h2>{others}" if others else "",
    ]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Narration coverage: {coverage.totals.shown}</title><style>\n{asset('page.css')}</style></head>\n"
        "<body>\n" + "\n".join(filter(None, blocks)) + f"\n<script>\n{asset('page.js')}</script></body></html>\n"
    )
