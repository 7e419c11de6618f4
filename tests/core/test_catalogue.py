import subprocess
import sys

import pytest

from narration_core import Catalogue, NarrationMistake, bind, configure
from narration_core._scope import Scope, active_scope


def test_an_entry_is_called_with_fields_only(strict):
    points = Catalogue("worker")
    ready = points.point(
        "ready",
        "ready",
        "{worker_id}",
        "Worker {worker_id} is ready",
        event="ready",
        cute="{worker_id} is awake",
        level="warn",
    )
    ready(worker_id="w1", model_ref="m")
    (event,) = strict.events
    assert (event.level, event.actor, event.action, event.target) == ("warn", "worker", "ready", "w1")
    assert (event.human, event.cute, event.event, event.model_ref) == (
        "Worker w1 is ready",
        "w1 is awake",
        "ready",
        "m",
    )
    assert list(points) == [ready]
    assert points["ready"] is ready


def test_a_field_that_the_sentence_needs_must_be_given(strict):
    ready = Catalogue("worker").point("ready", "ready", "w", "Worker {worker_id} is ready")
    with pytest.raises(NarrationMistake, match="worker_id"):
        ready()


@pytest.mark.parametrize(
    ("arguments", "options"),
    [
        (("two", "Bad Action", "t", "x"), {}),
        (("two", "act", "t", "x" * 101), {}),
        (("two", "act", "t", "x"), {"cute": "x" * 151}),
        (("two", "act", "t", "x"), {"story": "x" * 201}),
        (("two", "act", "t", "x"), {"level": "mute"}),
        (("two", "act", "t", "x"), {"actor": "Bäd"}),
        (("one", "act", "t", "x"), {}),
    ],
)
def test_a_declaration_that_breaks_the_contract_is_refused(arguments, options):
    points = Catalogue("worker")
    points.point("one", "act", "t", "x")
    with pytest.raises(NarrationMistake, match=arguments[0]):
        points.point(*arguments, **options)


def test_the_location_of_a_point_is_its_declaration(memory):
    configure(sinks=[memory], source_location=True, strict=False)
    point = Catalogue("worker").point(
        "one",
        "act",
        "t",
        "x",
    )
    point()
    point()
    places = {event.source_location for event in memory.events}
    assert len(places) == 1
    assert places.pop().startswith("tests/core/test_catalogue.py:")


def test_the_table_is_printed(tmp_path):
    (tmp_path / "shop.py").write_text(
        "from narration_core import Catalogue\n"
        "POINTS = Catalogue('shop')\n"
        "POINTS.point('opened', 'open', '{device}', 'Opening {device}', cute='Good morning')\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "narration_core.cli", "catalogue", "shop"],
        env={"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == (
        "shop: 1 point\n\nopened  [info, lifecycle]  shop open {device}\n"
        "  human  Opening {device}\n  cute   Good morning\n"
    )
    missing = subprocess.run(
        [sys.executable, "-m", "narration_core.cli", "catalogue", "nowhere"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert missing.returncode == 1
    assert "cannot load the catalogue 'nowhere'" in missing.stderr


@pytest.mark.parametrize("fields", [{"model_ref": "m"}, {"model_ref": "password=hunter2-made-up"}, {"unknown": [1]}])
def test_a_point_is_told_in_the_scope_that_is_given(memory, fields):
    point = Catalogue("worker").point("act", "act", "t", "Acting", channel="request")
    scope = Scope({"correlation_id": "req-1", "job_id": "job-1"})
    given = dict(fields)
    with bind(correlation_id="req-2", session_id="s-2"):
        for _ in range(3):  # the first two events of a point are built the slow way
            point.told_in(scope, given)
        assert active_scope().fields["correlation_id"] == "req-2"
    assert [(event.correlation_id, event.job_id, event.session_id) for event in memory.events] == [
        ("req-1", "job-1", None)
    ] * 3
    assert "hunter2" not in str(memory.events)
    assert given == fields
    configure(level="warn")
    point.told_in(scope, given)
    assert len(memory.events) == 3


def test_the_table_is_the_one_place_for_its_names():
    points = Catalogue("worker")
    first = points.point("first", "load", "t", "Loading")
    points.point("second", "load", "t", "Loading more")
    points.point("third", "spawn", "t", "Spawning", actor="pool-managerd")
    assert points.actors == ("worker", "pool-managerd")
    assert points.actions == ("load", "spawn")
    assert (first.actor, first.action) == ("worker", "load")
