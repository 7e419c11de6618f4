"""What several hubs know of a job together is what one hub would know."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from narration_core import Event
from narration_hub.board import Board
from narration_hub.summary import merged

STEPS = st.lists(
    st.tuples(
        st.integers(0, 2),
        st.sampled_from(["build_start", "build_end", "load_start", "load_end", "load_failed", None]),
        st.sampled_from(["poold", "worker"]),
    ),
    max_size=12,
)


def told(number, name, actor):
    return Event(
        actor=actor, action="work", target="x", human=f"Step {number}", level="info", job_id="job", event=name,
        emitted_at_ms=1000 + number, correlation_id=f"req-{number % 3}",
    )  # fmt: skip


@pytest.mark.req("HUB-05", "HUB-04")
@given(STEPS.filter(bool))
def test_what_hubs_know_together_is_what_one_hub_would_know(steps):
    """Each span's events may come to any hub; spans of one kind and actor do not overlap."""
    now = [0.0]
    whole = Board(10, clock=lambda: now[0])
    parts = [Board(10, clock=lambda: now[0]) for _ in range(3)]
    started = set()
    for number, (hub, name, actor) in enumerate(steps):
        kind = (name or "").partition("_")[0], actor
        if name is not None and name.endswith("_start") and kind in started:
            continue
        if name is not None and not name.endswith("_start") and kind not in started:
            continue
        if name is not None:
            (started.add if name.endswith("_start") else started.discard)(kind)
        now[0] += 1
        event = told(number, name, actor)
        whole.take(event)
        parts[hub].take(event)
    if whole.find("job") is None:
        return
    known = [summary for part in parts if (summary := part.summary("job")) is not None]
    together = merged(known)
    one = whole.summary("job")
    assert (together.began_ms, together.heard_ms, together.sentence, together.service) == (
        one.began_ms, one.heard_ms, one.sentence, one.service,
    )  # fmt: skip
    assert together.counts == one.counts
    assert set(together.correlation_ids) == set(one.correlation_ids)
    assert {(work.name, work.service) for work in together.open} == {(work.name, work.service) for work in one.open}
    assert (together.closed, together.unopened) == (one.closed, one.unopened)
    # A hub that learned from the others shows the same.
    for number, part in enumerate(parts):
        for other, summary in enumerate(parts):
            if other != number and summary.summary("job") is not None:
                part.learn(f"hub{other}", "job", summary.summary("job"))
        shown, wanted = part.shown(part.find("job")), whole.shown(whole.find("job"))
        assert (shown.state, shown.counts, shown.sentence) == (wanted.state, wanted.counts, wanted.sentence)
        assert (shown.waits is None) == (wanted.waits is None)
