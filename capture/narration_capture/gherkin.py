"""Steps about narration for every project; described in docs/gherkin.md.

Feature files under `narration_features` have these steps at once. Where scenarios are bound in modules,
`pytest_plugins = ["narration_capture.gherkin"]` brings them.
"""

import re
from collections.abc import Sequence
from typing import Any, Final, get_args

import pytest
from pytest_bdd import given, parsers, then, when

from narration_capture._fixture import NarrationCapture
from narration_capture._tables import one_table, rows
from narration_core import LevelName

Table = Sequence[Sequence[object]]

ANY: Final = "..."
ABSENT: Final = "(absent)"


class _Cell:
    """Fits a value whose text is the text of a cell: `25` fits 25, `cpu` fits "cpu"."""

    def __init__(self, text: str) -> None:
        self._text = text
        self.shown = repr(text)

    def __call__(self, value: Any) -> bool:
        return str(value) == self._text or (isinstance(value, bool) and str(value).lower() == self._text)


def wanted(cell: str) -> Any:
    """Return what a cell of a table wants: a text, `...`, `(absent)` or `/pattern/`."""
    if cell == ANY:
        return ...
    if cell == ABSENT:
        return None
    if len(cell) > 2 and cell.startswith("/") and cell.endswith("/"):  # noqa: PLR2004 - two slashes and something
        return re.compile(cell[1:-1])
    return _Cell(cell)


def _fields(datatable: Table) -> dict[str, Any]:
    return {name: wanted(value) for name, value in one_table(datatable).items()}


def _level(name: str) -> str:
    if name not in get_args(LevelName):
        raise ValueError(f"{name!r} is not a level: choose one of {', '.join(get_args(LevelName))}")
    return name


# -- recorded narration ------------------------------------------------------------------------


@given(parsers.parse('the narration of "{path}" is replayed'))
@when(parsers.parse('the narration of "{path}" is replayed'))
def replayed(request: pytest.FixtureRequest, narration: NarrationCapture, path: str) -> None:
    """Add the events of a file of JSON lines; its path is relative to the feature file."""
    __tracebackhide__ = True
    narration.replay(request.path.parent / path)


# -- one event -----------------------------------------------------------------------------------


@then(parsers.parse('the narration includes "{text}"'))
def narration_includes(narration: NarrationCapture, text: str) -> None:
    """Some event says the text."""
    __tracebackhide__ = True
    narration.assert_includes(text)


@then(parsers.parse('the narration does not include "{text}"'))
def narration_does_not_include(narration: NarrationCapture, text: str) -> None:
    """No event says the text."""
    __tracebackhide__ = True
    narration.assert_none(human=re.compile(re.escape(text)))


@then(parsers.parse('"{actor}" narrates "{action}"'))
def narrates(narration: NarrationCapture, actor: str, action: str) -> None:
    """The actor narrated the action."""
    __tracebackhide__ = True
    narration.assert_event(actor=actor, action=action)


@given(parsers.parse('eventually "{actor}" narrates "{action}"'))
@when(parsers.parse('eventually "{actor}" narrates "{action}"'))
@then(parsers.parse('eventually "{actor}" narrates "{action}"'))
async def eventually_narrates(narration: NarrationCapture, actor: str, action: str) -> None:
    """Wait until the actor narrates the action, at most ten seconds; other tasks and threads go on."""
    __tracebackhide__ = True
    await narration.eventually(actor=actor, action=action)


@then(parsers.parse('"{actor}" narrates "{action}" with:'))
def narrates_with(narration: NarrationCapture, actor: str, action: str, datatable: Table) -> None:
    """The actor narrated the action, with these fields."""
    __tracebackhide__ = True
    narration.assert_event(actor=actor, action=action, **_fields(datatable))


@then("an event is narrated with:")
def event_with(narration: NarrationCapture, datatable: Table) -> None:
    """Some event has these fields."""
    __tracebackhide__ = True
    narration.assert_event(**_fields(datatable))


@then("no event is narrated with:")
def no_event_with(narration: NarrationCapture, datatable: Table) -> None:
    """No event has these fields."""
    __tracebackhide__ = True
    narration.assert_none(**_fields(datatable))


@then("every event is narrated with:")
def every_event_with(narration: NarrationCapture, datatable: Table) -> None:
    """Every event has these fields."""
    __tracebackhide__ = True
    for name, value in _fields(datatable).items():
        narration.assert_every(name, value)


# -- the story -----------------------------------------------------------------------------------


def _entries(datatable: Table) -> list[dict[str, Any]]:
    return [{name: wanted(cell) for name, cell in row.items() if cell} for row in rows(datatable)]


@then("the story includes, in order:")
def story_includes(narration: NarrationCapture, datatable: Table) -> None:
    """These events were narrated in this order, others perhaps between them."""
    __tracebackhide__ = True
    narration.assert_story(_entries(datatable))


@then("the story is exactly:")
def story_is(narration: NarrationCapture, datatable: Table) -> None:
    """These events were narrated in this order, and no others."""
    __tracebackhide__ = True
    narration.assert_story(_entries(datatable), only=True)


@then("the story includes, in any order:")
def story_includes_unordered(narration: NarrationCapture, datatable: Table) -> None:
    """These events were narrated, each by an event of its own, in any order."""
    __tracebackhide__ = True
    narration.assert_story(_entries(datatable), any_order=True)


@then("the story matches the golden story")
def story_matches(request: pytest.FixtureRequest, narration: NarrationCapture, snapshot: Any) -> None:
    """The story equals the golden one; as the last step. Scenarios of feature files are always compared."""
    __tracebackhide__ = True
    from narration_capture._golden import compare  # noqa: PLC0415 - syrupy is needed for this step alone

    if not narration.captured:
        pytest.fail("nothing was narrated, so there is no story to compare", pytrace=False)
    compare(request.node, narration, snapshot)


# -- correlation ---------------------------------------------------------------------------------


@then(parsers.parse('every event carries the correlation id "{correlation_id}"'))
def correlated_by(narration: NarrationCapture, correlation_id: str) -> None:
    """Every event carries this id."""
    __tracebackhide__ = True
    narration.assert_correlation_id(correlation_id)


@then("every event carries one and the same correlation id")
def correlated(narration: NarrationCapture) -> None:
    """Every event carries the same id."""
    __tracebackhide__ = True
    narration.assert_correlation_id()


# -- secrets and orphans -------------------------------------------------------------------------


@then(parsers.parse('the narration never tells "{secret}"'))
def never_tells(narration: NarrationCapture, secret: str) -> None:
    """No text of any event contains it."""
    __tracebackhide__ = True
    narration.assert_no_secrets(secret)


@then("the narration tells no secret")
def tells_no_secret(narration: NarrationCapture) -> None:
    """No event contains anything that the redaction rules hide."""
    __tracebackhide__ = True
    narration.assert_no_secrets()


@then("no event lost its context")
def no_orphans(narration: NarrationCapture) -> None:
    """No event came from a thread without the scenario's context."""
    __tracebackhide__ = True
    narration.assert_no_orphans()


# -- counting ------------------------------------------------------------------------------------


@then("nothing is narrated")
def nothing(narration: NarrationCapture) -> None:
    """There is no event at all."""
    __tracebackhide__ = True
    narration.assert_count(0)


@then(parsers.parse('nothing is narrated at level "{level}"'))
def nothing_at(narration: NarrationCapture, level: str) -> None:
    """There is no event of this level."""
    __tracebackhide__ = True
    narration.assert_none(level=_level(level))


@then(parsers.re(r'(?P<count>\d+) events? (?:is|are) narrated at level "(?P<level>[a-z]+)"'))
def count_at(narration: NarrationCapture, count: str, level: str) -> None:
    """There is this number of events of this level."""
    __tracebackhide__ = True
    narration.assert_count(int(count), level=_level(level))


@then("the levels are counted:")
def levels(narration: NarrationCapture, datatable: Table) -> None:
    """There is this number of events of each level; levels that are not named have none."""
    __tracebackhide__ = True
    counts = {row["level"]: int(row["count"]) for row in rows(datatable)}
    for name in counts:
        _level(name)
    for level in get_args(LevelName):
        if level != "mute":
            narration.assert_count(counts.get(level, 0), level=level)
