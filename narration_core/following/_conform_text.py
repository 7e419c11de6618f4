"""The result of `narration conform` for people."""

from collections.abc import Iterator
from typing import Final

from narration_core.following import _paint, _wording
from narration_core.following._conform import Conformity, Group
from narration_core.following._golden import Parting, Symbol
from narration_core.following._story_text import View

_SHOWN_GROUPS: Final = 20


def text(found: Conformity, view: View) -> Iterator[str]:
    """Yield the share of stories that golden stories account for, then the others by shape, the largest first."""
    share = found.accounted / found.stories if found.stories else 0
    sentence = (
        f"{found.accounted:,} of {_wording.number(found.stories, 'real story', 'real stories')} ({share:.1%}) "
        f"{'is' if found.stories == 1 else 'are'} accounted for by a golden story."
    )
    yield from _rows(view, sentence, 0, "bold")
    others = [group for group in found.groups if group.golden is None]
    for number, group in enumerate(others[:_SHOWN_GROUPS], start=1):
        yield ""
        yield from _group(number, group, view)
    if len(others) > _SHOWN_GROUPS:
        rest = others[_SHOWN_GROUPS:]
        yield ""
        stories = _wording.number(sum(group.number for group in rest), "story", "stories")
        yield f"and {_wording.number(len(rest), 'more shape')} of {stories}; -o json shows all"
    for golden in found.unused:
        yield from _rows(view, f"No real story: {golden.title} ({golden.path}, {golden.request})", 2, "dim")
    if found.without_id:
        yield from _rows(
            view, f"Not counted: {_wording.number(found.without_id, 'event')} without a correlation id", 2, "dim"
        )


def _group(number: int, group: Group, view: View) -> Iterator[str]:
    state = ", still running" if group.is_running else ""
    head = f"{number}. {_wording.number(group.number, 'story', 'stories')}{state}, for example {group.example}"
    yield from _rows(view, head, 3, "bold")
    if group.parting is None:
        yield from _rows(view, f"   {_steps(group.shape)}", 5, "")
        return
    yield from _parting(group, group.parting, view)


def _parting(group: Group, parting: Parting, view: View) -> Iterator[str]:
    golden = parting.golden
    yield from _rows(view, f'   nearest: "{golden.title}" ({golden.path}, {golden.request})', 5, "dim")
    if parting.matched:
        before = group.shape[parting.matched - 1]
        yield from _rows(view, f"     {_step(before)}", 7, "")
    if parting.expected is not None:
        yield from _rows(view, f"   - {_step(parting.expected.symbol)}", 7, "error")
    yield from _rows(
        view, f"   + {_step(parting.found) if parting.found else '(the story ends here)'}", 7, "service:added"
    )


def _step(symbol: Symbol) -> str:
    return " | ".join(filter(None, symbol))


def _steps(shape: tuple[Symbol, ...]) -> str:
    return ", ".join(f"{actor} {action}{f' ({how})' if how else ''}" for actor, action, how in shape)


def _rows(view: View, sentence: str, indent: int, style: str) -> Iterator[str]:
    for row in _paint.wrapped(sentence, view.width, indent):
        yield view.paint(row, style) if style else row
