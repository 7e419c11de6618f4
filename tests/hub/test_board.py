"""Which jobs are on the board, and in which order."""

import tracemalloc

import msgspec
import pytest

from narration_core import Event
from narration_hub.board import Board
from narration_hub.job_state import LINGER_S


def told(job, event=None):
    return Event(actor="worker", action="work", target="x", human="Working", level="info", job_id=job, event=event)


@pytest.mark.req("HUB-04")
@pytest.mark.parametrize(
    ("ended", "shown"), [(None, ["c", "a", "b"]), (1, ["c", "b"]), (0, ["c"]), (9, ["c", "a", "b"])]
)
def test_of_jobs_that_have_ended_only_the_last_are_shown_if_asked_so(ended, shown):
    now = 0.0
    board = Board(10, clock=lambda: now)
    for job in ("a", "b"):
        board.take(told(job, "work_start"))
        board.take(told(job, "work_end"))
    board.take(told("c", "work_start"))
    now = LINGER_S + 1
    assert [job.job_id for job in board.jobs(ended=ended)] == shown


@pytest.mark.req("HUB-04")
def test_a_job_that_is_done_is_never_called_stalled():
    now = 0.0
    board = Board(0.2, clock=lambda: now)
    for job in ("done", "stuck"):
        board.take(told(job, "work_start"))
    board.take(told("done", "work_end"))
    now = 1.0
    assert [(job.job_id, state) for job, state in board.quiet()] == [("stuck", "stalled")]
    now = LINGER_S + 0.1
    assert sorted((job.job_id, state) for job, state in board.quiet()) == [("done", "ended"), ("stuck", "stalled")]


@pytest.mark.req("HUB-04")
def test_a_stalled_job_stands_above_one_that_has_just_ended():
    now = 0.0
    board = Board(0.2, clock=lambda: now)
    board.take(told("done", "work_start"))
    board.take(told("done", "work_end"))
    board.take(told("stuck", "work_start"))
    now = 1.0
    board.take(told("busy", "work_start"))
    assert [job.job_id for job in board.jobs()] == ["stuck", "done", "busy"]


@pytest.mark.req("HUB-04")
def test_jobs_with_long_texts_take_no_more_memory_than_the_board_may():
    board = Board(10, most_bytes=2_000_000)
    big = {"cute": "c" * 8000, "story": "s" * 8000, "extra": {"body": "b" * 30_000}}
    tracemalloc.start()
    try:
        for number in range(3000):
            job, ids = f"job-{number % 1500}", {"span_id": f"span-{number}", "event": "work_start"}
            event = msgspec.structs.replace(told(job), human=f"{number}: {'h' * 4000}", **ids, **copied(big))
            board.take(event, size=50_000)
        used = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert used < 3_000_000
    assert board.bytes <= 2_000_000
    assert 100 < len(board) < 1500
    newest = board.find("job-1499")  # those that were quiet for longest went
    assert newest is not None
    assert newest.waits_for is not None
    assert board.shown(newest).sentence.startswith("2999: ")
    for job in list(board.jobs()):
        board.take(told(job.job_id, "work_end"))
    assert sum(job.weight for job in board.jobs()) == board.bytes


def copied(texts):
    """Return equal texts that share no memory with those of other events."""
    return msgspec.msgpack.decode(msgspec.msgpack.encode(texts))


@pytest.mark.req("HUB-04")
def test_work_that_begins_before_its_forerunner_ends_keeps_nothing_of_it():
    board = Board(10)
    for number in range(500):
        for event, span in (("step_start", number), ("step_end", number - 1)):
            board.take(msgspec.structs.replace(told("pipeline", event), span_id=f"span-{span}"))
    job = board.find("pipeline")
    assert job is not None
    assert [work.depth for work in job.works.open] == [0]
