"""Which jobs are on the board, and in which order."""

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
