"""The panel does a bounded amount of work at once, and comes to the same rows as if it had done all of it together."""

import json
import shutil
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from narration_core.following import CLOSING, HOPS, OPENING

NODE = shutil.which("node")
pytestmark = [
    pytest.mark.req("HUB-07"),
    pytest.mark.skipif(NODE is None, reason="node is not installed: the panel's model runs in it"),
]
STEP = 64  # rows between two looks at the clock


@pytest.fixture(scope="module")
def panel(request):
    return request.config.rootpath / "hub/narration_hub/panel"


@pytest.fixture(scope="module")
def shown(request, panel):
    words = json.dumps({"opening": OPENING, "closing": CLOSING, "hops": HOPS})
    program = request.config.rootpath / "tests/hub/programs/view.mjs"
    with subprocess.Popen(
        [NODE, program, panel, words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:

        def after(most, steps):
            process.stdin.write(json.dumps([most, steps]) + "\n")
            process.stdin.flush()
            return json.loads(process.stdout.readline())

        yield after
        process.stdin.close()


EVENTS = st.builds(
    lambda actor, at, human, span, parent: {
        "actor": actor, "action": "act", "human": human, "emitted_at_ms": at, "span_id": span, "parent_span_id": parent,
    },
    st.sampled_from("abc"), st.integers(0, 9), st.sampled_from(["tea", "milk", "tea and milk"]),
    st.sampled_from("xyz"), st.sampled_from("xyz"),
)  # fmt: skip
STEPS = st.one_of(
    EVENTS.map(lambda event: ["add", event]),
    EVENTS.map(lambda event: ["add", event]),
    st.tuples(st.sampled_from([None, "tea", "milk"]), st.booleans()).map(lambda chosen: ["choose", *chosen]),
    st.integers(0, 2).map(lambda looks: ["turn", looks]),
)


@settings(max_examples=400)
@given(most=st.integers(1, 12), steps=st.lists(STEPS, min_size=10, max_size=60))
def test_rows_that_are_taken_in_turns_are_those_of_one_look_at_all(shown, most, steps):
    found = shown(most, steps)
    assert found["rows"] == found["wanted"]
    assert found["arrived"] == found["came"]
    assert found["kept"] <= most


def test_a_turn_looks_at_a_bounded_number_of_rows_and_never_twice(shown):
    def told(number):
        return ["add", {"actor": "a", "action": "act", "human": f"tea {number}", "emitted_at_ms": number}]

    first, more = [told(number) for number in range(1000)], [told(number) for number in range(1000, 1010)]
    turns = [["turn", 2]] * 20
    found = shown(10_000, [*first, ["choose", "tea", True], *turns, *more, ["turn", 99]])
    assert max(found["turns"][:20]) <= 2 * STEP
    assert sum(found["turns"]) == 1010
    assert found["turns"][-1] == 10  # what was looked at is not looked at again
    assert found["rows"] == list(range(1010))


PACED = """
const { inTurns, turn } = await import(process.argv[1]);
let now = 0, taken = 0, turns = [];
const begin = () => { turns.push(0); return turn(() => now, 8); };
const take = () => { now += 3; taken += 1; turns[turns.length - 1] += 1; };
const ended = await inTurns(Array.from({ length: 100 }), take, () => taken >= 50, begin);
console.log(JSON.stringify({ ended, taken, turns }));
"""


def test_events_that_come_together_are_taken_in_turns(panel):
    program = ["--input-type=module", "--eval", PACED, str(panel / "pace.js")]
    found = json.loads(subprocess.check_output([NODE, *program], text=True))
    # Eight milliseconds are over when the third event of three was taken; after fifty nobody wants the rest.
    assert found == {"ended": False, "taken": 50, "turns": [3] * 16 + [2]}
