"""Real stories held against golden stories: which fit, and where the others part from the nearest."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from narration_core.following._golden import Goldens, parse

pytestmark = pytest.mark.req("FOL-03")

GOLDEN = """Scenario: An order is paid

When somebody orders
  shop | place | cart | c1 j1
      Placed an order
  bank | charge | card | c1 j1
      Charging the card
  bank | wait | card | c1 j1 (any number of times)
      Waiting for the bank
  bank | charge | card | c1 j1
      Charged the card
  shop | thank | cart | c1
      Thanked the customer
"""
PAID = [
    ("shop", "place", ""),
    ("bank", "charge", ""),
    ("bank", "wait", ""),
    ("bank", "charge", ""),
    ("shop", "thank", ""),
]


def goldens(*texts):
    return Goldens([golden for text in texts for golden in parse(text, "orders.story")])


def test_a_golden_story_is_read_request_by_request():
    both = (
        GOLDEN
        + "\nAnd again\n  shop | place | cart | c2\n      Placed an order\n"
        + "  shop | refuse | cart | c2 | warn: sold_out\n      No\n"
    )
    first, second = parse(both, "orders.story")
    assert [element.symbol for element in first.elements] == PAID
    assert [element.symbol for element in second.elements] == [
        ("shop", "place", ""),
        ("shop", "refuse", "warn: sold_out"),
    ]
    assert (first.title, second.request, first.elements[2].repeats, second.elements[1].human) == (
        "An order is paid", "c2", True, "No",
    )  # fmt: skip


@given(st.integers(0, 5), st.integers(1, 3))
def test_any_number_of_times_is_any_number(waits, places):
    shape = [("shop", "place", "")] * places + PAID[1:2] + PAID[2:3] * waits + PAID[3:]
    assert goldens(GOLDEN).account(shape) is not None


@given(st.permutations(range(5)))
def test_services_that_work_side_by_side_may_interleave_in_any_way(order):
    shape = [PAID[place] for place in order]
    in_order = all(
        [place for place in order if PAID[place][0] == actor] == [n for n in range(5) if PAID[n][0] == actor]
        for actor in ("shop", "bank")
    )
    # Two `charge` events are alike, so the bank's own order allows them to change places.
    alike = [PAID[place] for place in order if PAID[place][0] == "bank"] == PAID[1:4]
    assert (goldens(GOLDEN).account(shape) is not None) == (in_order or (alike and order.index(0) < order.index(4)))


@given(st.integers(0, 5))
def test_a_request_that_runs_needs_only_a_beginning(length):
    shape = PAID[:length]
    assert goldens(GOLDEN).account(shape, is_running=True) is not None
    assert (goldens(GOLDEN).account(shape) is not None) == (length == 5)


def test_a_failure_is_not_accounted_for_by_the_good_story():
    shape = [*PAID[:3], ("bank", "charge", "error: Declined")]
    assert goldens(GOLDEN).account(shape) is None
    parting = goldens(GOLDEN).nearest(shape)
    assert (parting.matched, parting.found, parting.expected.human) == (3, shape[3], "Charged the card")


def test_the_next_event_of_the_golden_story_is_known():
    golden, element = goldens(GOLDEN).goes_on(PAID[:2])
    assert (golden.title, element.symbol) == ("An order is paid", ("bank", "charge", ""))
    assert goldens(GOLDEN).goes_on([("shop", "burn", "")]) is None


@pytest.fixture
def orders(logs, tmp_path):
    folder = tmp_path / "snapshots"
    folder.mkdir()
    (folder / "orders.story").write_text(GOLDEN)
    for number in range(30):
        ids = {"correlation_id": f"req-{number}"}
        logs.tell("shop", number * 100, "place", "Placed an order", **ids)
        logs.tell("bank", number * 100 + 5, "charge", "Charging the card", event="charge_start", **ids)
        for wait in range(number % 4):
            logs.tell("bank", number * 100 + 6 + wait, "wait", "Waiting", **ids)
        if number == 7:
            continue
        if number % 10 == 3:
            logs.tell(
                "bank",
                number * 100 + 20,
                "charge",
                "Declined",
                event="charge_error",
                level="error",
                error_kind="Declined",
                **ids,
            )
            continue
        logs.tell("bank", number * 100 + 20, "charge", "Charged", event="charge_end", **ids)
        logs.tell("shop", number * 100 + 30, "thank", "Thanked", **ids)
    return logs


def test_the_share_is_told_and_the_others_are_grouped(orders, narration):
    done = narration("conform", str(orders.folder))
    assert done.returncode == 1
    assert "27 of 30 real stories (90.0%) are accounted for by a golden story." in done.stdout
    assert "1. 3 stories, for example req-3" in done.stdout
    assert "   + bank | charge | error: Declined" in done.stdout
    assert "   - bank | charge" in done.stdout


def test_machines_get_every_group(orders, narration):
    found = json.loads(narration("conform", str(orders.folder), "-o", "json").stdout)
    assert (found["stories"], found["accounted"]) == (30, 27)
    assert [(group["number"], group["running"]) for group in found["groups"] if group["golden"] is None] == [(3, False)]
    assert sum(group["number"] for group in found["groups"]) == 30


def test_nothing_compared_is_an_error(logs, narration, tmp_path):
    logs.tell("shop", 0, "place", "Without an id")
    done = narration("conform", str(logs.folder))
    assert done.returncode == 2
    assert "no golden stories" in done.stderr or "does not exist" in done.stderr or "no story" in done.stderr
    (tmp_path / "snapshots").mkdir()
    (tmp_path / "snapshots" / "orders.story").write_text(GOLDEN)
    done = narration("conform", str(logs.folder))
    assert done.returncode == 2
    assert "no story to compare: 1 event without a correlation id" in done.stderr


def test_golden_stories_without_a_real_one_are_named(orders, narration, tmp_path):
    unused = GOLDEN.replace("An order is paid", "An order is burnt").replace("place", "burn")
    (tmp_path / "snapshots" / "burnt.story").write_text(unused)
    assert "No real story: An order is burnt" in narration("conform", str(orders.folder)).stdout


def test_narration_inside_the_lines_of_a_container_is_compared_as_well(logs, narration, tmp_path):
    folder = tmp_path / "snapshots"
    folder.mkdir()
    text = "Scenario: An order is placed\n\nWhen somebody orders\n  shop | place | cart | c1\n      Placed an order\n"
    (folder / "placed.story").write_text(text)
    logs.tell("shop", 0, "place", "Placed an order", correlation_id="req-1")
    logs.line("web", b"web-1  | " + logs.path("shop").read_bytes().strip())
    done = narration("conform", str(logs.path("web")))
    assert (done.returncode, done.stdout.splitlines()[0][:18]) == (0, "1 of 1 real story ")
