"""Parts of a story whose order does not matter, and steps that wait."""

import threading

import pytest

from narration_capture import capture
from narration_capture._assertions import NarrationFailure
from narration_core import Narrator, bind, propagate

pytestmark = pytest.mark.req("ORCH-3306")

shop, bank = Narrator("shop"), Narrator("bank")


def serve(request):
    with bind(correlation_id=request):
        yield lambda: shop("add", "apple", "Adding {target}")
        yield lambda: bank("pay", "account", "Paying")


def story(order):
    """Two requests at the same time; `order` says which of them goes on next."""
    with capture("Two at once") as narration:
        shop("open", "shop", "Opening")
        with narration.any_order():
            requests = [list(serve(request)) for request in ("req-a", "req-b")]
            for number in order:
                with bind(correlation_id=f"req-{'ab'[number]}"):
                    requests[number].pop(0)()
        shop("close", "shop", "Closing")
    return narration


def test_a_part_in_any_order_is_the_same_story_whatever_came_first():
    first = story([0, 0, 1, 1]).story()
    assert "  (in any order)\n" in first
    for order in ([0, 1, 0, 1], [1, 0, 0, 1], [1, 1, 0, 0], [0, 1, 1, 0], [1, 0, 1, 0]):
        assert story(order).story() == first


def test_without_the_block_the_order_shows():
    with capture() as one:
        shop("add", "apple", "Adding")
        bank("pay", "account", "Paying")
    with capture() as other:
        bank("pay", "account", "Paying")
        shop("add", "apple", "Adding")
    assert one.story() != other.story()


def test_assertions_in_any_order_need_an_event_each():
    narration = story([1, 0, 0, 1])
    narration.assert_story([("bank", "pay"), ("shop", "add"), ("bank", "pay")], any_order=True)
    with pytest.raises(NarrationFailure, match=r"entry 3 of 3 .* has no event of its own"):
        narration.assert_story([("bank", "pay")] * 3, any_order=True)
    with pytest.raises(NarrationFailure, match="event 1 is another: shop open"):
        narration.assert_story([("bank", "pay")] * 2, any_order=True, only=True)


def test_an_assertion_may_wait_for_another_thread():
    with capture() as narration:
        start = threading.Event()

        def later():
            start.wait(10)
            shop("add", "apple", "Adding")

        thread = threading.Thread(target=propagate(later))
        thread.start()
        start.set()
        assert narration.assert_eventually(action="add").target == "apple"
        thread.join()
        with pytest.raises(NarrationFailure, match="no event has action='leave'"):
            narration.assert_eventually(timeout_s=0.01, action="leave")


def test_a_step_waits_for_what_another_task_narrates(project):
    project.steps("""
        @when("a task spawns an engine in a while")
        async def later():
            async def work():
                for _ in range(20):
                    await asyncio.sleep(0)
                narrate("spawn", "GPU0", "Spawning an engine")
            asyncio.get_running_loop().keep = asyncio.create_task(work())
    """)
    project.feature("""
        Feature: Pools
          Scenario: An engine is spawned
            Given a pool
            When a task spawns an engine in a while
            And eventually "pool-managerd" narrates "spawn"
            Then "pool-managerd" narrates "spawn"
    """)
    project.accept().assert_outcomes(passed=1)


def test_a_scenario_may_be_tagged_any_order(project):
    project.steps("""
        @when("two services start")
        def two():
            import os
            for actor in ("a", "b") if os.environ.get("FIRST") == "a" else ("b", "a"):
                Narrator(actor)("start", "service", "Starting")
    """)
    project.feature("""
        Feature: Pools
          @any-order
          Scenario: Both start
            When two services start
    """)
    project.accept().assert_outcomes(passed=1)
    project.monkeypatch.setenv("FIRST", "a")
    project.run().assert_outcomes(passed=1)
    path = project.path / "features/pools.feature"
    path.write_text(path.read_text("utf-8").replace("  @any-order\n", ""), "utf-8")
    project.run().assert_outcomes(failed=1)
