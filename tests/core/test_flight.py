"""What is being written: whole lines for the output that they go to, each event once."""

from collections import deque

from hypothesis import given
from hypothesis import strategies as st

from narration_core._event import Event, Record, encode
from narration_core._flight import Flight
from narration_core._line_limit import json_line
from narration_core._output import FILE_LIMIT, PIPE_LIMIT


class Place:
    may_be_slow = never_waits = calls_back = False
    lead = b""

    def __init__(self, joined, longest):
        self.joined = joined
        self.longest = longest


def record(text):
    event = Event(emitted_at_ms=1, actor="a", action="b", target="c", level="info", human=text)
    return Record(encode(event), 1, event)


file, pipe = Place(FILE_LIMIT, None), Place(PIPE_LIMIT, PIPE_LIMIT)


@given(st.lists(st.integers(1, 9000), min_size=1, max_size=40))
def test_lines_picked_for_one_output_are_built_anew_for_another(sizes):
    queue = deque(record("x" * size) for size in sizes)
    flight = Flight(json_line)
    flight.pick(queue, file)
    taken = len(flight.records)
    assert taken + len(queue) == len(sizes)
    assert flight.put_together(pipe) == []
    lines = flight.rest.splitlines()
    assert len(lines) == taken
    assert all(len(line) < PIPE_LIMIT for line in lines)


@given(st.lists(st.integers(1, 9000), min_size=1, max_size=40))
def test_every_event_is_picked_once_and_no_write_is_longer_than_the_output_joins(sizes):
    queue = deque(record(f"{number} " + "x" * size) for number, size in enumerate(sizes))
    flight = Flight(json_line)
    written = []
    while queue:
        flight.pick(queue, pipe)
        assert flight.put_together(pipe) == []
        assert len(flight.rest) <= PIPE_LIMIT
        written += flight.rest.splitlines()
        flight.rest = b""
        flight.land()
    numbers = [int(line.partition(b'"human":"')[2].partition(b" ")[0]) for line in written]
    assert numbers == list(range(len(sizes)))


def test_an_event_that_gives_way_while_the_queue_is_looked_at_takes_its_line_along():
    """A signal handler that emits into a full queue makes room in it."""
    queue = deque(record(text) for text in ("first", "second", "third"))

    def line(one, longest):
        if len(queue) == 3 and one is queue[-1]:
            del queue[1]
            queue.append(record("fourth"))
        return json_line(one, longest)

    flight = Flight(line)
    flight.pick(queue, file)
    assert flight.put_together(file) == []
    assert [text in flight.rest for text in (b"first", b"second", b"third", b"fourth")] == [True, False, True, True]
