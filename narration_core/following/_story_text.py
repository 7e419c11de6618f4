"""A story as lines for people: time, service, sentence; gaps marked, repeats fused, work as a tree."""

from collections.abc import Iterator, Sequence
from typing import Final, Literal, NamedTuple

from narration_core.following import _paint, _wording
from narration_core.following._lines import Line
from narration_core.following._paint import Paint
from narration_core.following._source import Searched
from narration_core.following._spans import Work
from narration_core.following._story import Story, id_kinds

Times = Literal["abs", "rel", "delta"]

_WIDEST_SERVICE: Final = 16
_QUIET_LEVELS: Final = frozenset((None, "info"))


class View(NamedTuple):
    """How a story is shown.

    Attributes:
        times: abs (clock), rel (since the first line) or delta (since the line before).
        width: columns of the terminal.
        paint: puts a text in a style.
        tree: indent by the work that a line is part of.
        gap_ms: mark pauses of at least so long, in milliseconds; None marks none.
        fuse_ms: show repeats that follow each other within so long once, in milliseconds; None shows each.
    """

    times: Times = "abs"
    width: int = 80
    paint: Paint = _paint.plain
    tree: bool = False
    gap_ms: float | None = None
    fuse_ms: float | None = None


def text(story: Story, view: View) -> Iterator[str]:
    """Yield the lines of a story, its heading first."""
    yield from heading(story, view)
    yield ""
    yield from body(story, view)
    for note in story.notes:
        yield from _note(note, view)


def heading(story: Story, view: View) -> Iterator[str]:
    """Yield what the story is of: its ids, how long it is, when it was."""
    times = [line.at_ms for line in story.lines if line.at_ms is not None]
    what = f"{_wording.number(len(story.lines), 'line')} of {_wording.number(len(story.services), 'service')}"
    when = f", {_wording.moment(min(times), day=True)}, over {_wording.age(max(times) - min(times))}" if times else ""
    kinds = [kind for kind in id_kinds(story) if kind != "correlation_id"]
    name = story.asked if not kinds else f"{kinds[0]} {story.asked}"
    yield from _lines(view, f"Story of {name}: {what}{when}", "bold")
    if story.ids and story.ids != [story.asked]:
        shown = ", ".join(story.ids[:3]) + (f" and {len(story.ids) - 3} more" if len(story.ids) > 3 else "")  # noqa: PLR2004
        yield from _lines(view, f"It belongs to {_wording.number(len(story.ids), 'request')}: {shown}", "dim")


def body(story: Story, view: View) -> Iterator[str]:
    """Yield the lines of a story."""
    wide = min(max((len(line.service) for line in story.lines), default=0), _WIDEST_SERVICE)
    depths = _depths(story) if view.tree else {}
    works = {id(work.start): work for work in story.works} if view.tree else {}
    first = next((line.at_ms for line in story.lines if line.at_ms is not None), None)
    before: Line | None = None
    for group in _fused(story.lines, view.fuse_ms):
        line = group[0]
        if before is not None and view.gap_ms is not None:
            yield from _gap(before, line, view)
        yield from _shown(group, before, first, wide, depths.get(id(line), 0), works.get(id(line)), view)
        before = group[-1]


def _fused(lines: Sequence[Line], within_ms: float | None) -> Iterator[list[Line]]:
    """Yield the lines in groups: repeats of one step that follow each other closely are one group."""
    group: list[Line] = []
    for line in lines:
        if group and within_ms is not None and _is_repeat(group[-1], line, within_ms):
            group.append(line)
            continue
        if group:
            yield group
        group = [line]
    if group:
        yield group


def _is_repeat(before: Line, line: Line, within_ms: float) -> bool:
    if before.event is None or line.event is None or before.at_ms is None or line.at_ms is None:
        return before.event is None and line.event is None and before.text == line.text
    return _deed(before) == _deed(line) and abs(line.at_ms - before.at_ms) <= within_ms


def _deed(line: Line) -> tuple[str | None, ...]:
    """Return what is the same in repeats: another logger's records have no action, only a sentence."""
    event = line.event
    if event is None:
        return (line.text,)
    words = event.human if line.kind == "record" else event.target
    return (event.actor, event.action, event.level, event.event, words)


def _gap(before: Line, line: Line, view: View) -> Iterator[str]:
    if before.at_ms is None or line.at_ms is None or view.gap_ms is None or line.at_ms - before.at_ms < view.gap_ms:
        return
    yield view.paint(f"              ... nothing for {_wording.age(line.at_ms - before.at_ms)} ...", "dim")


def _shown(
    group: Sequence[Line], before: Line | None, first: int | None, wide: int, depth: int, work: Work | None, view: View
) -> Iterator[str]:
    line, last = group[0], group[-1]
    words = sentence(last)
    if len(group) > 1:
        words += f" ({_wording.number(len(group), 'time')} in {_wording.age((last.at_ms or 0) - (line.at_ms or 0))})"
    if work is not None:
        words += _outcome(work)
    return row(line, before, first, wide, view, words=words, depth=depth)


def row(
    line: Line,
    before: Line | None,
    first: int | None,
    wide: int,
    view: View,
    *,
    words: str | None = None,
    depth: int = 0,
) -> Iterator[str]:
    """Yield a line for people: time, service, sentence, wrapped.

    Args:
        line: the line.
        before: the line before it, for times since then.
        first: the time of the first line, for times since then, in milliseconds since the epoch.
        wide: columns for the service.
        view: how it is shown.
        words: what to say instead of its sentence.
        depth: how deep to indent.
    """
    stamp = _stamp(line, before, first, view.times)
    service = line.service if len(line.service) <= _WIDEST_SERVICE else f"{line.service[: _WIDEST_SERVICE - 2]}.."
    style = level_style(line)
    rows = _paint.wrapped(sentence(line) if words is None else words, view.width, len(stamp) + 2 + wide + 2 + 2 * depth)
    head = f"{stamp}  {view.paint(_paint.padded(service, wide), f'service:{service}')}  {'  ' * depth}"
    yield head + (view.paint(rows[0], style) if style else rows[0])
    for rest in rows[1:]:
        yield view.paint(rest, style) if style else rest


def sentence(line: Line) -> str:
    """Return what a line says: the level as a word when it is not info, the sentence, the kind of error."""
    event = line.event
    if event is None:
        return line.text
    words = event.human or event.action or ""
    is_told = event.level in _QUIET_LEVELS or (line.kind == "record" and words == line.text)
    level = "" if is_told else f"{str(event.level).upper()} "
    kind = f" ({event.error_kind})" if event.error_kind and event.error_kind not in words else ""
    return f"{level}{words}{kind}"


def level_style(line: Line) -> str:
    """Return the style of a line: by level; dim for lines that are not narration."""
    if line.event is None:
        return "dim"
    return str(line.event.level) if line.event.level in {"warn", "error", "fatal"} else ""


def _outcome(work: Work) -> str:
    if work.end is None:
        return " [open]"
    took = None if work.end.event is None else work.end.event.duration_ms
    if took is None and work.start.at_ms is not None and work.end.at_ms is not None:
        took = work.end.at_ms - work.start.at_ms
    return f" [{'failed' if work.failed else 'done'}{'' if took is None else f' in {_wording.age(took)}'}]"


def _depths(story: Story) -> dict[int, int]:
    """Return the depth of each line in the tree of work, by the line's identity."""
    depths: dict[int, int] = {}
    running: list[Work] = []
    starts = {id(work.start): work for work in story.works}
    for line in story.lines:
        work = starts.get(id(line))
        if work is not None:
            depths[id(line)] = work.depth
            running.append(work)
            continue
        ended = next((one for one in running if one.end is line), None)
        if ended is not None:
            depths[id(line)] = ended.depth
            running.remove(ended)
            continue
        inside = next((one for one in reversed(running) if _is_inside(line, one)), None)
        depths[id(line)] = 0 if inside is None else inside.depth + 1
    return depths


def _is_inside(line: Line, work: Work) -> bool:
    if line.event is None:
        return False
    span = line.event.span_id
    return work.event.span_id == span if span and work.event.span_id else work.event.actor == line.event.actor


def _stamp(line: Line, before: Line | None, first: int | None, times: Times) -> str:
    if times == "abs" or line.at_ms is None:
        at = _wording.moment(line.at_ms)
        return f"~{at[:-1]}" if line.guessed else at  # as wide as the others; the last digit is the least that is lost
    since = first if times == "rel" else (before.at_ms if before is not None else line.at_ms)
    return f"+{_wording.age(max(0, line.at_ms - (since if since is not None else line.at_ms)))}".rjust(12)


def _lines(view: View, words: str, style: str) -> Iterator[str]:
    for row in _paint.wrapped(words, view.width, 2):
        yield view.paint(row, style) if style else row


def _note(note: str, view: View) -> Iterator[str]:
    yield from _lines(view, f"Note: {note}", "dim")


def searched(what: Searched, oldest_ms: int | None, newest_ms: int | None) -> str:
    """Return what was searched, in one sentence: "Searched 5 files, 337 MiB, from ... to ..."."""
    span = ""
    if oldest_ms is not None and newest_ms is not None:
        span = f", from {_wording.moment(oldest_ms, day=True)} to {_wording.moment(newest_ms, day=True)}"
    return f"Searched {_wording.number(what.files, 'file')}, {_wording.size(what.counts.bytes)}{span}"


def notes(what: Searched) -> list[str]:
    """Return what else may be elsewhere, a sentence each."""
    words = []
    if what.not_asked:
        words.append(f"Only this hub's own store was asked; {', '.join(sorted(what.not_asked))} may keep more")
    if what.alone:
        words.append("This hub cannot reach the others now: what came to them lately is missing")
    return words


def complaints(what: Searched) -> list[str]:
    """Return what could not be read, a sentence each."""
    words = list(what.counts.faults)
    if what.unreadable:
        words.append(f"{_wording.number(what.unreadable, 'line')} with the id cannot be read as JSON: torn or damaged")
    if what.counts.too_long:
        words.append(f"{_wording.number(what.counts.too_long, 'line')} with the id over 1 MiB left out")
    if what.cut:
        words.append(
            f"{_wording.number(what.cut, 'line')} left out: a story is at most 200,000 lines long; use --since"
        )
    return words
