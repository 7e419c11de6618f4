"""The panel understands a story as the commands do: what opens work, what closes it, what it is inside of."""

import json
import shutil
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from narration_core import Event
from narration_core.following import CLOSING, HOPS, OPENING, Line, Works
from narration_core.following._spans import MOST_AROUND

NODE = shutil.which("node")
pytestmark = [
    pytest.mark.req("HUB-07"),
    pytest.mark.skipif(NODE is None, reason="node is not installed: the panel's model runs in it"),
]

NAMES = [*HOPS, "load_start", "load_end", "load_failed", "run_started", "run_done", "error", "_start", "token", None]


@pytest.fixture(scope="module")
def model(root_of_panel, tmp_path_factory):
    words = json.dumps({"opening": OPENING, "closing": CLOSING, "hops": HOPS})
    with subprocess.Popen(
        [
            NODE,
            root_of_panel / "tests/hub/programs/model.mjs",
            root_of_panel / "hub/narration_hub/panel/model.js",
            words,
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:

        def understood(events):
            process.stdin.write(json.dumps(events) + "\n")
            process.stdin.flush()
            return json.loads(process.stdout.readline())

        yield understood
        process.stdin.close()


@pytest.fixture(scope="module")
def root_of_panel(request):
    return request.config.rootpath


def optional(name, values):
    return st.sampled_from([{}, *({name: value} for value in values)])


def joined(*parts):
    return st.tuples(*parts).map(lambda given: {name: value for part in given for name, value in part.items()})


@pytest.mark.parametrize(
    ("count", "length", "most"), [(250_000, 10, 200_000), (20_000, 10_000, 2**27 // 10_000), (3, 2**28, 1)]
)
def test_rows_are_bounded_by_number_and_by_bytes_and_what_goes_is_counted(model, count, length, most):
    event = {"actor": "a", "action": "act", "human": "x", "event": "work_start", "emitted_at_ms": 1}
    kept = model({"count": count, "length": length, "event": event})
    assert kept["rows"] + kept["dropped"] == count
    assert kept["first"] == kept["dropped"]
    assert 0 < kept["rows"] <= most
    assert kept["open"] == min(count, 5000)
    assert kept["works"] <= kept["rows"] + kept["open"]


EVENTS = st.lists(
    joined(
        st.sampled_from([{"actor": "a"}, {"actor": "b"}]),
        optional("event", [name for name in NAMES if name]),
        optional("span_id", ["s1", "s2", "s3"]),
        optional("parent_span_id", ["s1", "s2"]),
        optional("job_id", ["j1", "j2"]),
        optional("duration_ms", [3]),
        optional("level", ["error", "info"]),
    ),
    max_size=14,
)


def as_the_commands_find_it(told):
    works = Works()
    for number, fields in enumerate(told):
        event = Event(**fields)
        works.take(Line(fields["actor"], 0, number, event, "", "narration"), event)
    return works


def compare(model, events):
    # A span tells its start once; the commands leave out a line that comes twice, the hub does so before the panel.
    told = [
        {"action": "act", "human": str(number), "emitted_at_ms": number, **event} for number, event in enumerate(events)
    ]
    works = as_the_commands_find_it(told)
    assert model(told) == {
        "works": [
            [
                work.name,
                work.start.at_ms,
                work.last.at_ms,
                work.end and work.end.at_ms,
                work.parent and work.parent.start.at_ms,
                work.failed,
            ]
            for work in works.found
        ],
        "open": [work.start.at_ms for work in works.open],
    }
    return works


@given(events=EVENTS)
def test_the_panel_and_the_commands_find_the_same_work(model, events):
    compare(model, events)


def test_a_pipeline_is_not_one_work_inside_of_the_other_for_ever(model):
    """Each piece begins before its forerunner ends: what is told of one is not of all that ever were around it."""
    events = []
    for number in range(MOST_AROUND + 300):
        events.append({"actor": "a", "event": "step_start", "span_id": f"s{number}"})
        events.append({"actor": "a", "event": "step_end", "span_id": f"s{number - 1}"})
        events.append({"actor": "a", "span_id": f"s{number}"})
    works = compare(model, events)
    assert len(works.found) == MOST_AROUND + 300
    assert max(work.depth for work in works.found) == MOST_AROUND


PAUSES = """
const { Stream } = await import(process.argv[1]);
const pauses = [];
globalThis.setTimeout = (_, pause) => pauses.push(pause);
globalThis.setInterval = () => 0;
for (let panel = 0; panel < 1000; panel += 1) new Stream("", () => {}, () => {}, () => {}).pause();
console.log(JSON.stringify(pauses));
"""


def test_a_thousand_panels_do_not_come_back_together(root_of_panel):
    program = ["--input-type=module", "--eval", PAUSES, str(root_of_panel / "hub/narration_hub/panel/hub.js")]
    pauses = json.loads(subprocess.check_output([NODE, *program], text=True))
    assert len(pauses) == 1000
    assert max(pauses) <= 10_000
    windows = [sum(start <= pause < start + 100 for pause in pauses) for start in range(0, 10_000, 100)]
    assert max(windows) <= 50
