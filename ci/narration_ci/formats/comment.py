"""The comment on a pull request: coverage, stories and links, in the room that the host gives."""

from typing import Final

from narration_ci.faults import Fault
from narration_ci.formats.markdown import COMMENT_LIMIT, code, cut, folded, headline, plain, table
from narration_ci.measure.baseline import Baseline, follow
from narration_ci.measure.coverage import PointCoverage
from narration_ci.measure.gate import described, why_silent
from narration_ci.measure.project import Measured

MARK: Final = "<!-- narration -->"
"""First line of the comment, by which the next one finds and replaces it."""

# The first part may take so much of the room; the stories get the rest.
_FIRST_PART: Final = COMMENT_LIMIT // 2
_LINK_RULES: Final = frozenset(
    {"no-correlation-id", "changed-id", "changed-on-the-way", "lost-parent", "circle", "shared-id"}
)


def _signed(number: int) -> str:
    return f"{number:+d}" if number else "0"


def _change(measured: Measured, base: Baseline) -> list[str]:
    """Return what differs from the base's baseline, as a table and lists of points."""
    points = measured.coverage.points
    before, _ = follow(base, measured.coverage.actions)
    told = [one for one in points if one.asserted_by]
    new = [one for one in told if one.point.key not in {*before.told, *before.silent}]
    found = [one for one in told if one.point.key in before.silent]
    silent = [one for one in points if not one.asserted_by and one.point.key not in before.silent]
    declared_before = len(base.told) + len(base.silent)
    rows = (
        ("points declared", declared_before, len(points)),
        ("points told", len(base.told), len(told)),
        ("points silent", len(base.silent), len(points) - len(told)),
        ("threshold", base.threshold, measured.baseline.threshold if measured.baseline else base.threshold),
    )
    lines = table(("", "before", "now", "change"), ((name, str(a), str(b), _signed(b - a)) for name, a, b in rows))
    lines.append("")
    for title, group in (("newly told", new), ("silent before, told now", found), ("newly silent", silent)):
        if group:
            lines += folded(f"{len(group)} {title}", [_line(one) for one in group], opened=group is silent)
    return lines


def _line(one: PointCoverage) -> str:
    why = "" if one.asserted_by else f": {plain(why_silent(one))}"
    return f"- {code(one.point.place)} {plain(described(one))}{why}"


def _links(measured: Measured, faults: tuple[Fault, ...]) -> str:
    broken = sum(fault.rule in _LINK_RULES for fault in faults)
    scenarios = sum(one.scenario is not None for one in measured.records.tests)
    return f"**Links:** {scenarios} scenarios, {f'{broken} links are broken' if broken else 'every link holds'}."


def render(measured: Measured, base: Baseline | None = None, stories: str = "") -> str:
    """Return the comment.

    Args:
        measured: the pull request's run.
        base: the baseline that it started from.
        stories: Markdown of the changed stories, from `narration story-diff`.
    """
    faults = measured.verdict.faults if measured.verdict else ()
    lines = [MARK, "## Narration", "", headline(measured), ""]
    if faults:
        lines += ["### What to do", ""]
        lines += [f"- {code(one.place)} {plain(one.what)}: {plain(one.why)}" for one in faults] + [""]
    lines += [_links(measured, faults), ""]
    if base is not None and base.lists_points:
        lines += _change(measured, base)
    first = cut("\n".join(lines).rstrip() + "\n", _FIRST_PART)
    if stories.strip():
        room = COMMENT_LIMIT - len(first.encode()) - len("\n### Stories\n\n")
        first += f"\n### Stories\n\n{cut(stories.strip(), room)}\n"
    return first
