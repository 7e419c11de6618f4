"""A real story becomes a scenario that fails while the incident can happen, and passes when it is mended."""

import json

import pytest
from click.testing import CliRunner

from narration_capture.cli import scenario
from narration_core import Event, encode

pytestmark = pytest.mark.req("FOL-04")

START_MS = 1_795_900_000_000


def event(at, action, human, **fields):
    fields = {"actor": "pool-managerd", "level": "info", "target": "GPU0", "correlation_id": "req-1", **fields}
    return Event(emitted_at_ms=START_MS + at, action=action, human=human, **fields)


ACCEPTED = event(0, "accept", "Accepted session-abc123", session_id="session-abc123")
BUILDING = event(1, "build", "Building the engine", event="build_start", span_id="b")
BUILT = event(2, "build", "Finished: Building the engine", event="build_end", span_id="b", duration_ms=1)
ROOM = event(3, "check", "Needs 7000 MB, 512 MB free", level="error", error_kind="VRAM_OOM")


@pytest.fixture
def incident(project, monkeypatch):
    monkeypatch.chdir(project.path)
    project.set("narration_features", '"features"')

    def make(*events, asked="session-abc123", **options):
        (project.path / "pool.log").write_bytes(b"".join(encode(one) + b"\n" for one in events))
        arguments = [f"--{name}={value}" for name, value in options.items()]
        return CliRunner().invoke(scenario, [asked, "pool.log", *arguments])

    return make


def test_a_stuck_request_becomes_a_scenario_that_fails_until_it_is_mended(project, incident):
    done = incident(ACCEPTED, BUILDING)
    assert done.exit_code == 0, done.output
    assert "fails until what went wrong is mended" in done.output
    assert "When what led to this is done: Accepted session-abc123" in done.output
    failed = project.run()
    failed.assert_outcomes(failed=1)
    failed.stdout.fnmatch_lines(['*And "pool-managerd" narrates "build" with:*'])
    recording = project.path / "features/recordings/incident_session_abc123.jsonl"
    recording.write_bytes(recording.read_bytes() + encode(BUILT) + b"\n")
    project.run().assert_outcomes(passed=1)


def test_a_failed_request_becomes_a_scenario_that_fails_while_there_is_an_error(project, incident):
    assert incident(ACCEPTED, BUILDING, ROOM, BUILT).exit_code == 0
    failed = project.run()
    failed.assert_outcomes(failed=1)
    failed.stdout.fnmatch_lines(["*nothing is narrated at level*"])
    recording = project.path / "features/recordings/incident_session_abc123.jsonl"
    recording.write_bytes(b"".join(encode(one) + b"\n" for one in (ACCEPTED, BUILDING, BUILT)))
    project.run().assert_outcomes(passed=1)


def test_a_story_that_went_well_passes_as_it_is_and_notices_a_change(project, incident):
    done = incident(ACCEPTED, BUILDING, BUILT, title="An engine is built")
    assert "passes as it is" in done.output
    project.run().assert_outcomes(passed=1)
    (story,) = project.stories()
    assert story == "incident_session_abc123/an_engine_is_built.story"
    recording = project.path / "features/recordings/incident_session_abc123.jsonl"
    recording.write_bytes(recording.read_bytes().replace(b"Building the engine", b"Building an engine"))
    project.run().assert_outcomes(failed=1)


def test_nothing_is_overwritten(project, incident):
    assert incident(ACCEPTED, BUILDING).exit_code == 0
    before = project.stories()
    done = incident(ACCEPTED, BUILT)
    assert done.exit_code == 2
    assert "is there already" in done.output
    assert project.stories() == before


def test_an_id_that_is_nowhere_writes_nothing(project, incident):
    done = incident(ACCEPTED, asked="session-nope")
    assert done.exit_code == 1
    assert not (project.path / "features").exists()


def test_a_feature_outside_of_the_features_is_refused(project, incident, tmp_path):
    done = incident(ACCEPTED, BUILDING, feature=str(tmp_path / "elsewhere.feature"))
    assert done.exit_code == 2
    assert "where features are collected" in done.output


def test_a_recording_holds_events_alone_as_they_were_written(project, incident):
    assert incident(ACCEPTED, BUILDING).exit_code == 0
    lines = (project.path / "features/recordings/incident_session_abc123.jsonl").read_bytes().splitlines()
    assert [json.loads(line)["human"] for line in lines] == ["Accepted session-abc123", "Building the engine"]


def test_an_error_that_was_made_good_still_fails_the_scenario_and_the_command_says_so(project, incident):
    done = incident(ACCEPTED, BUILDING, ROOM, event(4, "check", "There is room now"), BUILT)
    assert "fails until what went wrong is mended" in done.output
    project.run().assert_outcomes(failed=1)
