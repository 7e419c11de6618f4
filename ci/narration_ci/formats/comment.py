"""The comment on a pull request: coverage, stories and links, within the limit of the host."""

from typing import Final

from narration_ci.findings import Finding
from narration_ci.formats.markdown import COMMENT_LIMIT, code, cut, folded, headline, plain, table
from narration_ci.measure.baseline import Baseline, follow
from narration_ci.measure.coverage import PointCoverage
from narration_ci.measure.gate import described, why_silent
from narration_ci.measure.measurement import Measurement
from narration_core.nouns import counted

MARK: Final = "<!-- narration -->"
"""First line of the comment, by which the next one finds and replaces it."""

# The first part may take half of the limit; the stories get the rest.
_FIRST_PART: Final = COMMENT_LIMIT // 2
_LINK_RULES: Final = frozenset(
    {"no-correlation-id", "changed-id", "changed-on-the-way", "lost-parent", "circle", "shared-id"}
)


def _signed(number: int) -> str:
    return f"{number:+d}" if number else "0"


def _change(measurement: Measurement, base: Baseline) -> list[str]:
    """Return what differs from the base's baseline, as a table and lists of points."""
    points = measurement.coverage.points
    before = follow(base, measurement.coverage.identities).baseline
    asserted = [entry for entry in points if entry.asserted_by]
    new = [entry for entry in asserted if entry.point.key not in {*before.asserted, *before.silent}]
    found = [entry for entry in asserted if entry.point.key in before.silent]
    silent = [entry for entry in points if not entry.asserted_by and entry.point.key not in before.silent]
    declared_before = len(base.asserted) + len(base.silent)
    rows = (
        ("points declared", declared_before, len(points)),
        ("points asserted", len(base.asserted), len(asserted)),
        ("points silent", len(base.silent), len(points) - len(asserted)),
        ("threshold", base.threshold, measurement.baseline.threshold if measurement.baseline else base.threshold),
    )
    lines = table(("", "before", "now", "change"), ((name, str(a), str(b), _signed(b - a)) for name, a, b in rows))
    lines.append("")
    for title, group in (("newly asserted", new), ("silent before, asserted now", found), ("newly silent", silent)):
        if group:
            lines += folded(f"{len(group)} {title}", [_line(entry) for entry in group], opened=group is silent)
    return lines


def _line(entry: PointCoverage) -> str:
    why = "" if entry.asserted_by else f": {plain(why_silent(entry))}"
    return f"- {code(entry.point.place)} {plain(described(entry))}{why}"


def _links(measurement: Measurement, findings: tuple[Finding, ...]) -> str:
    broken = sum(finding.rule in _LINK_RULES for finding in findings)
    scenarios = sum(entry.scenario is not None for entry in measurement.records.tests)
    state = f"{counted(broken, 'link is', 'links are')} broken" if broken else "every link holds"
    return f"**Links:** {counted(scenarios, 'scenario')}, {state}."


def render(measurement: Measurement, base: Baseline | None = None, stories: str = "") -> str:
    """Return the comment.

    Args:
        measurement: the pull request's run.
        base: the baseline of the commit it started from.
        stories: Markdown of the changed stories, from `narration story-diff`.
    """
    findings = measurement.verdict.findings if measurement.verdict else ()
    lines = [MARK, "## Narration", "", headline(measurement), ""]
    if findings:
        lines += ["### What to do", ""]
        lines += [f"- {code(entry.place)} {plain(entry.what)}: {plain(entry.why)}" for entry in findings] + [""]
    lines += [_links(measurement, findings), ""]
    if base is not None and base.lists_points:
        lines += _change(measurement, base)
    first = cut("\n".join(lines).rstrip() + "\n", _FIRST_PART)
    if stories.strip():
        left = COMMENT_LIMIT - len(first.encode()) - len("\n### Stories\n\n")
        first += f"\n### Stories\n\n{cut(stories.strip(), left)}\n"
    return first
