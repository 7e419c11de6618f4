"""What the board knows of services: when they were heard, what they said outside of jobs, what they lost."""

import pytest

from narration_core import Event
from narration_hub.board import Board
from narration_hub.services import Services


def shown(services):
    return {one.service: (one.quiet_ms, one.sentence, one.said_ms) for one in services.shown()}


@pytest.mark.req("HUB-04")
def test_what_a_service_said_outside_of_jobs_stands_beside_it():
    now = 1.0
    board = Board(10, clock=lambda: now)
    for service, human, job in (("a", "Starting", None), ("a", "Answering", "job-1"), ("b", "Working", "job-1")):
        board.take(Event(actor=service, action="x", target="y", human=human, level="info", job_id=job))
        board.services.hear(service)
    now = 3.0
    assert shown(board.services) == {"a": (2000, "Starting", 2000), "b": (2000, "", 0)}
    assert len(board) == 1


@pytest.mark.req("HUB-05")
def test_hubs_together_know_the_latest_word_of_a_service():
    now = 10.0
    one, other = Services(lambda: now), Services(lambda: now)
    one.hear("a")
    one.say("a", "First")
    one.lose("a", "p1", {"info": 2})
    now = 12.0
    other.hear("a")
    other.say("a", "Second")
    one.learn("other", "a", other.heard_here("a"))
    other.learn("one", "a", one.heard_here("a"))
    assert shown(one) == shown(other) == {"a": (0, "Second", 0)}
    other.learn("one", "a", one.heard_here("a").shifted(-5000))
    assert shown(other) == {"a": (0, "Second", 0)}
    assert other.shown()[0].lost == {"info": 2}


@pytest.mark.req("HUB-01")
def test_processes_that_lose_events_are_counted_in_bounded_memory_and_never_lost_count_of():
    services = Services(lambda: 0.0)
    services.hear("a")
    assert sum(services.lose("a", f"p{number}", {"info": 1}) for number in range(1000)) == 1000
    assert services.lose("a", "p999", {"info": 3}) == 2
    assert services.shown()[0].lost == {"info": 1002}
    assert len(services._known["a"].lost) <= 64


def test_services_are_bounded_and_those_that_were_quiet_for_longest_go():
    services = Services(lambda: 0.0)
    for number in range(10_050):
        services.hear(f"s{number}")
    names = [one.service for one in services.shown()]
    assert (len(names), names[-1]) == (10_000, "s10049")
