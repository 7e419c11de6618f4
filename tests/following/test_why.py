"""What a request waits for: a dead service, a slow one, a lost callback, a queue, a mute service, or nothing."""

import json

import pytest

START_MS = 1_795_900_000_000  # as in conftest

pytestmark = pytest.mark.req("FOL-02")


def others(logs, count=20, start=-100_000):
    """Requests that went well: a gateway, a pool manager that builds an engine, a worker."""
    for number in range(count):
        answered(logs, start + number * 1000, f"req-ok-{number}")


def answered(logs, at, name):
    ids = {"correlation_id": name}
    logs.span("gateway", at, 450, "request", "Taking in a request", f"{name}-a", **ids)
    logs.span(
        "pool-managerd", at + 10, 300, "prepare", "Preparing an engine", f"{name}-b", parent_span_id=f"{name}-a", **ids
    )
    logs.span(
        "provisioner", at + 20, 280, "build", "Building the engine", f"{name}-c", parent_span_id=f"{name}-b", **ids
    )
    logs.span("worker", at + 320, 100, "execute", "Generating", f"{name}-d", parent_span_id=f"{name}-a", **ids)


def alive(logs, *services, at=60_000):
    """Other work of these services, a minute later."""
    for service in services:
        logs.tell(service, at, "tick", "Still here", correlation_id="req-other")


def asked(narration, logs, name, *more):
    done = narration("why", name, str(logs.folder), "-o", "json", *more)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def first_lines(narration, logs, name, count=3):
    return " ".join(narration("why", name, str(logs.folder), COLUMNS="400").stdout.splitlines()[:count])


def stuck_in_the_provisioner(logs):
    ids = {"correlation_id": "req-1", "session_id": "session-abc123"}
    logs.span("gateway", 0, None, "request", "Taking in a request", "a", **ids)
    logs.span("pool-managerd", 10, None, "prepare", "Preparing an engine", "b", parent_span_id="a", **ids)
    logs.span("provisioner", 20, None, "build", "Building the engine", "c", parent_span_id="b", **ids)


def test_the_innermost_open_work_is_named_with_its_age_and_what_is_usual(logs, narration):
    others(logs)
    stuck_in_the_provisioner(logs)
    alive(logs, "gateway", "provisioner", "pool-managerd")
    found = asked(narration, logs, "session-abc123")
    assert (found["state"], found["held_by"]) == ("waiting", "provisioner")
    assert [work["name"] for work in found["open"]] == ["build", "prepare", "request"]
    assert found["age_ms"] == 60_000 - 20
    assert found["usual"] == {"measured": 20, "median": 280.0, "p99": 280.0}
    top = first_lines(narration, logs, "session-abc123")
    assert "Waiting for:  provisioner: Building the engine - open for 60.0 s" in top
    assert "which is alive" in top
    assert "280 ms (median of 20)" in top


def test_a_dead_service_is_called_silent(logs, narration):
    others(logs)
    stuck_in_the_provisioner(logs)
    alive(logs, "gateway", "pool-managerd")
    assert {"service": "provisioner", "silent": True}.items() <= next(
        voice.items() for voice in asked(narration, logs, "req-1")["services"] if voice["service"] == "provisioner"
    )
    assert "has said nothing at all for 60.0 s while others went on" in first_lines(narration, logs, "req-1").replace(
        "59.9", "60.0"
    ) or ("has said nothing at all for" in first_lines(narration, logs, "req-1"))


def test_a_slow_service_is_within_what_is_usual_until_it_is_not(logs, narration):
    others(logs)
    stuck_in_the_provisioner(logs)
    logs.tell("provisioner", 220, "tick", "Still here", correlation_id="req-other")
    assert "this is within it" in first_lines(narration, logs, "req-1")


def test_a_callback_that_never_came_is_missing(logs, narration):
    others(logs)
    logs.span("gateway", 0, None, "request", "Taking in a request", "a", correlation_id="req-1")
    logs.span(
        "pool-managerd", 10, None, "prepare", "Preparing an engine", "b", parent_span_id="a", correlation_id="req-1"
    )
    alive(logs, "gateway", "provisioner", "pool-managerd")
    found = asked(narration, logs, "req-1")
    assert (found["held_by"], found["next"]["actor"]) == ("pool-managerd", "provisioner")
    assert "Missing:      provisioner: Building the engine - came 10 ms later" in first_lines(narration, logs, "req-1")


def test_a_word_that_no_other_request_had_does_not_hide_what_is_missing(logs, narration):
    others(logs)
    logs.span("gateway", 0, None, "request", "Taking in a request", "a", correlation_id="req-1")
    logs.span(
        "pool-managerd", 10, None, "prepare", "Preparing an engine", "b", parent_span_id="a", correlation_id="req-1"
    )
    logs.tell("pool-managerd", 15, "wait", "The provisioner has not answered yet", correlation_id="req-1")
    found = asked(narration, logs, "req-1")["next"]
    assert (found["actor"], found["human"]) == ("provisioner", "Building the engine")


def test_a_queue_is_told_with_the_position(logs, narration):
    logs.span("gateway", 0, None, "request", "Taking in a request", "a", correlation_id="req-1")
    logs.tell("worker", 5, "queue", "Waiting at position 3", correlation_id="req-1", queue_position=3)
    alive(logs, "gateway", "worker")
    assert asked(narration, logs, "req-1")["state"] == "queued"
    assert "Waiting in:   the queue of worker, at position 3 for 60.0 s" in first_lines(narration, logs, "req-1")


def test_a_service_that_does_not_narrate_leaves_the_caller_waiting(logs, narration):
    logs.span("gateway", 0, None, "call", "Calling billing", "a", correlation_id="req-1")
    logs.line("billing", "2026-11-28T21:06:40.500Z billing got req-1, asking the bank")
    alive(logs, "gateway")
    found = asked(narration, logs, "req-1")
    assert (found["state"], found["held_by"]) == ("waiting", "gateway")
    assert "billing" in {voice["service"] for voice in found["services"]}


def test_without_spans_what_other_requests_went_on_with_is_told(logs, narration):
    for number in range(10):
        logs.tell("shop", number * 100, "place", "Placed an order", correlation_id=f"req-ok-{number}")
        logs.tell("bank", number * 100 + 7, "charge", "Charged the card", correlation_id=f"req-ok-{number}")
    logs.tell("shop", 2000, "place", "Placed an order", correlation_id="req-1")
    alive(logs, "shop", "bank")
    found = asked(narration, logs, "req-1")
    assert (found["state"], found["next"]["actor"]) == ("silent", "bank")
    assert "Waiting for:  bank to go on after shop: Placed an order" in first_lines(narration, logs, "req-1")


def test_a_finished_request_says_so(logs, narration):
    others(logs)
    assert asked(narration, logs, "req-ok-3")["state"] == "finished"
    assert "Finished:     nothing is open" in first_lines(narration, logs, "req-ok-3")


def test_a_failed_request_says_why(logs, narration):
    ids = {"correlation_id": "req-1"}
    logs.span("gateway", 0, None, "request", "Taking in a request", "a", **ids)
    logs.tell("worker", 10, "execute", "Needs 7000 MB, 512 MB free", level="error", error_kind="VRAM_OOM", **ids)
    failed = {"event": "request_error", "duration_ms": 20, "span_id": "a", "error_kind": "HTTPError"}
    logs.tell("gateway", 20, "request", "Failed (HTTPError): Taking in a request", level="error", **failed, **ids)
    found = asked(narration, logs, "req-1")
    assert (found["state"], found["line"]["event"]["error_kind"]) == ("failed", "VRAM_OOM")
    assert "Failed:       worker: ERROR Needs 7000 MB, 512 MB free (VRAM_OOM)" in first_lines(narration, logs, "req-1")


def test_work_left_open_by_a_request_that_is_over_is_not_drawn_as_running(logs, narration):
    logs.span("gateway", 0, 50, "request", "Taking in a request", "a", correlation_id="req-1")
    logs.span("worker", 10, None, "execute", "Generating", "b", parent_span_id="a", correlation_id="req-1")
    found = asked(narration, logs, "req-1")
    assert (found["state"], found["open"], len(found["left_open"])) == ("finished", [], 1)


def test_the_one_of_several_requests_that_is_stuck_is_told(logs, narration):
    for number in range(5):
        logs.span(
            "gateway",
            number * 100,
            50,
            "request",
            "Taking in",
            f"s{number}",
            correlation_id=f"r{number}",
            session_id="s",
        )
    logs.span("gateway", 50, None, "request", "Taking in the stuck one", "sx", correlation_id="rx", session_id="s")
    found = asked(narration, logs, "s")
    assert (found["correlation_ids"], found["others"]) == (["rx"], {"finished": 5})


def test_events_that_were_lost_meanwhile_are_told(logs, narration):
    stuck_in_the_provisioner(logs)
    loss = {"dropped": {"info": 40, "warn": 2}}
    logs.tell("worker", 500, "narration_dropped", "Lost 42 events", level="warn", actor="narration", extra=loss)
    assert "Lost:         42 events of worker" in narration("why", "req-1", str(logs.folder)).stdout


def test_an_id_that_is_nowhere_says_what_was_searched_and_how_far_back(logs, narration):
    others(logs, count=2)
    done = narration("why", "session-nope", str(logs.folder))
    assert done.returncode == 1
    assert done.stdout == ""
    assert "Nothing holds 'session-nope'. Searched 4 files, " in done.stderr
    assert "from 2026-11-28 21:05:00.000 to 2026-11-28 21:05:01.450" in done.stderr


def test_the_golden_story_says_what_should_have_come(logs, narration, tmp_path):
    stuck_in_the_provisioner(logs)
    golden = tmp_path / "snapshots" / "pool"
    golden.mkdir(parents=True)
    rows = [
        ("gateway", "request", "Taking in a request"),
        ("pool-managerd", "prepare", "Preparing an engine"),
        ("provisioner", "build", "Building the engine"),
        ("provisioner", "ready", "The engine is ready"),
    ]
    text = "Scenario: An engine is made ready\n\nWhen asked\n"
    text += "".join(f"  {actor} | {action} | x | c1\n      {human}\n" for actor, action, human in rows)
    (golden / "ready.story").write_text(text)
    out = narration("why", "req-1", str(logs.folder), COLUMNS="300").stdout
    assert 'Golden story: "An engine is made ready" goes on with provisioner ready: The engine is ready' in out
    assert "ready.story:10)" in out


def test_live_logs_count_until_now(logs, narration):
    import time

    now = time.time_ns() // 1_000_000
    logs.span("gateway", now - START_MS - 5_000, None, "request", "Taking in", "a", correlation_id="req-1")
    found = asked(narration, logs, "req-1")
    assert found["is_live"]
    assert found["age_ms"] >= 5_000


def test_work_beside_work_that_has_ended_is_waited_for(logs, narration):
    ids = {"correlation_id": "req-1"}
    logs.span("gateway", 0, 100, "check", "Checking the key", "a", **ids)
    logs.span("gateway", 200, None, "build", "Building the engine", "b", **ids)
    alive(logs, "gateway")
    assert "Waiting for:  gateway: Building the engine" in first_lines(narration, logs, "req-1")


def test_a_worker_that_runs_on_after_the_gateway_has_answered_is_waited_for(logs, narration):
    logs.span("gateway", 0, 100, "request", "Taking in", "a", correlation_id="req-1")
    logs.span("worker", 50, None, "execute", "Generating", "b", correlation_id="req-1", job_id="j1")
    logs.span("gateway", 0, 100, "request", "Taking in", "c", correlation_id="req-2")
    inside = {"correlation_id": "req-2", "parent_span_id": "c"}
    logs.span("worker", 50, None, "execute", "Generating too", "d", **inside)
    logs.tell("worker", 1000, "progress", "10 tokens", span_id="d", **inside)
    assert "Waiting for:  worker: Generating - " in first_lines(narration, logs, "req-1")
    assert "Waiting for:  worker: Generating too - " in first_lines(narration, logs, "req-2")


def test_the_next_piece_of_work_that_never_began_is_waited_for(logs, narration):
    for number in range(3):
        ids = {"correlation_id": f"req-ok-{number}"}
        logs.span("gateway", number * 1000, 100, "check", "Checking the key", f"a{number}", **ids)
        logs.span("worker", number * 1000 + 200, 100, "build", "Building", f"b{number}", **ids)
    logs.span("gateway", 5000, 100, "check", "Checking the key", "a", correlation_id="req-1")
    alive(logs, "gateway", "worker")
    assert "Waiting for:  worker to go on after gateway: Finished: Checking" in first_lines(narration, logs, "req-1")
    assert asked(narration, logs, "req-ok-1")["state"] == "finished"


def test_an_error_that_was_made_good_is_told_and_is_no_failure(logs, narration):
    ids = {"correlation_id": "req-1"}
    logs.tell("gateway", 0, "request", "Taking in", event="request_start", span_id="a", **ids)
    logs.tell("pool", 10, "spawn", "Could not spawn", level="error", error_kind="no_room", **ids)
    logs.tell("pool", 20, "spawn", "Spawned on GPU1", **ids)
    done = {"event": "request_end", "span_id": "a", "duration_ms": 100}
    logs.tell("gateway", 100, "request", "Finished: Taking in", **done, **ids)
    top = first_lines(narration, logs, "req-1", 2)
    assert "Finished:     nothing is open" in top
    assert "Errors:       pool: ERROR Could not spawn (no_room), at 21:06:40.010" in top


def worked_around(logs, **end):
    """A registry fails, the gateway takes another one and answers."""
    ids = {"correlation_id": "req-1"}
    logs.tell("gateway", 0, "request", "Taking in", event="request_start", span_id="a", **ids)
    logs.tell("registry-a", 10, "fetch", "Could not fetch", level="error", error_kind="refused", **ids)
    logs.tell("registry-b", 20, "fetch", "Fetched", **ids)
    done = {"event": "request_end", "span_id": "a", "duration_ms": 100, **end}
    logs.tell("gateway", 100, "request", "Finished: Taking in", **done, **ids)


def test_an_error_that_another_service_made_good_is_no_failure(logs, narration):
    worked_around(logs)
    top = first_lines(narration, logs, "req-1", 2)
    assert "Finished:     nothing is open" in top
    assert "Errors:       registry-a: ERROR Could not fetch (refused)" in top


@pytest.mark.parametrize("end", [{"extra": {"status": 502}}, {"level": "warn"}, {"error_kind": "no_model"}], ids=str)
def test_an_error_whose_request_did_not_end_well_is_its_failure(logs, narration, end):
    worked_around(logs, **end)
    assert "Failed:       registry-a: ERROR Could not fetch (refused)" in first_lines(narration, logs, "req-1", 1)


def taken_over(logs, trouble):
    """A worker goes silent in the middle of a job; another one does it, and ends."""
    ids = {"correlation_id": "req-1", "job_id": "j-1"}
    logs.tell("worker", 0, "execute", "Generating", event="execute_start", worker_id="gpu0", **ids)
    logs.tell("pool", 5_000, *trouble, **ids)
    logs.tell("worker", 5_010, "execute", "Generating", event="execute_start", worker_id="gpu1", **ids)
    logs.tell("worker", 5_100, "execute", "Generated", event="execute_end", worker_id="gpu1", duration_ms=90, **ids)
    alive(logs, "worker", "pool")


def test_a_job_that_another_worker_took_over_is_not_waited_for(logs, narration):
    taken_over(logs, ("requeue", "Lost worker gpu0; giving the job to gpu1"))
    found = asked(narration, logs, "req-1")
    assert (found["state"], len(found["left_open"])) == ("finished", 1)


def test_the_other_half_of_a_job_that_was_split_is_waited_for(logs, narration):
    taken_over(logs, ("split", "Giving the other half to gpu1"))
    assert asked(narration, logs, "req-1")["state"] == "waiting"


def test_an_error_inside_work_that_is_open_is_told_at_the_top(logs, narration):
    ids = {"correlation_id": "req-1"}
    logs.span("gateway", 0, None, "request", "Taking in", "a", **ids)
    logs.tell("pool", 10, "spawn", "Could not spawn", level="error", error_kind="no_room", **ids)
    alive(logs, "gateway", "pool")
    assert "Errors:       pool: ERROR Could not spawn (no_room)" in first_lines(narration, logs, "req-1")


def test_thousands_of_pieces_of_work_inside_each_other_are_no_trouble(logs, narration):
    for number in range(2000):
        logs.span("worker", number, None, "step", "A step", f"s{number}", correlation_id="req-1")
    assert asked(narration, logs, "req-1")["open"][0]["depth"] == 1999


def test_services_outside_the_story_count_among_the_others_that_went_on(logs, narration):
    logs.span("gateway", 0, None, "request", "Taking in", "a", correlation_id="req-1")
    alive(logs, "mailer")
    top = first_lines(narration, logs, "req-1")
    assert "gateway, which has said nothing at all for 1 min while others went on: it may be dead or hung" in top


def test_a_step_that_no_other_request_has_is_no_known_end(logs, narration):
    for number in range(3):
        logs.tell("shop", number, "place", "Placed an order", correlation_id=f"req-ok-{number}")
    logs.tell("shop", 100, "refund", "Refunding an order", correlation_id="req-1")
    assert asked(narration, logs, "req-1")["state"] == "unknown"
    assert asked(narration, logs, "req-ok-1")["state"] == "finished"


def test_the_lines_of_other_loggers_tell_how_far_the_logs_go(logs, narration):
    def record(service, at, said, **ids):
        logs.line(service, json.dumps({"time": START_MS + at, "name": service, "level": 30, "msg": said, **ids}))

    record("api", 0, "Asking the bank", request_id="req-1")
    record("bank", 100, "Asked", request_id="req-1")
    record("api", 60_000, "Asking the bank", request_id="req-2")
    found = asked(narration, logs, "req-1")
    assert (found["age_ms"], found["state"]) == (59_900, "unknown")
    silent = {service["service"]: service["silent"] for service in found["services"]}
    assert silent == {"api": False, "bank": True}


def test_the_records_of_other_loggers_tell_what_usually_comes_next(logs, narration):
    def record(service, at, said, **ids):
        logs.line(service, json.dumps({"time": START_MS + at, "name": service, "level": 30, "msg": said, **ids}))

    for number in range(20):
        record("api", number * 100, f"Sent payment {number} to the bank", request_id=f"req-{number:03d}")
        record("bank", number * 100 + 40, f"Booked {number * 7} euros", request_id=f"req-{number:03d}")
    record("api", 5_000, "Sent payment 777 to the bank", request_id="req-777")
    record("api", 60_000, "Sent payment 778 to the bank", request_id="req-778")
    top = first_lines(narration, logs, "req-777")
    assert "Waiting for:  bank to go on after api: Sent payment 777 to the bank for 55.0 s" in top
    assert "Missing:      bank: Booked" in top
    assert "came 40 ms later (median) in 95% of 21 other requests" in top


def test_ages_are_counted_until_the_time_that_is_asked_for(logs, narration):
    logs.span("gateway", 0, 30_000, "request", "Taking in", "a", correlation_id="req-1")
    alive(logs, "gateway", at=600_000)
    assert asked(narration, logs, "req-1", "--until", "2026-11-28T21:06:50Z")["age_ms"] == 10_000
    done = narration("why", "req-1", str(logs.folder), "--since", "2026-11-28T22:00Z")
    assert "Nothing holds 'req-1' between --since and --until." in done.stderr


def test_what_usually_takes_no_time_is_late_when_it_takes_some(logs, narration):
    logs.span("bank", 0, 0, "settle", "Settling", "a", correlation_id="req-ok")
    logs.span("bank", 10, None, "settle", "Settling", "b", correlation_id="req-1")
    alive(logs, "bank")
    assert "0 ms at the 99th percentile; this is longer than that" in first_lines(narration, logs, "req-1")


def test_a_line_that_was_sent_twice_opens_no_second_piece_of_work(logs, narration):
    for _ in range(2):
        logs.span("gateway", 0, None, "request", "Taking in", "a", correlation_id="req-1")
    logs.span("gateway", 0, 50, "request", "Taking in", "a", correlation_id="req-1", file="copy")
    found = asked(narration, logs, "req-1")
    assert (found["state"], found["open"]) == ("finished", [])


@pytest.mark.parametrize("ending", ["cancelled", "timeout", "aborted"])
def test_work_that_was_given_up_is_not_waited_for(logs, narration, ending):
    logs.span("gateway", 0, None, "request", "Taking in", "a", correlation_id="req-1")
    given_up = {"event": f"request_{ending}", "span_id": "a", "level": "warn"}
    logs.tell("gateway", 50, "request", "Given up by the client", **given_up, correlation_id="req-1")
    assert asked(narration, logs, "req-1")["state"] == "finished"


def test_a_request_that_failed_has_failed_though_a_worker_goes_on_inside(logs, narration):
    ids = {"correlation_id": "req-1"}
    logs.span("gateway", 0, None, "request", "Taking in", "a", **ids)
    logs.span("worker", 10, None, "infer", "Inferring", "b", parent_span_id="a", **ids)
    failed = {"event": "request_error", "span_id": "a", "level": "error", "error_kind": "TimeoutError"}
    logs.tell("gateway", 30_000, "request", "Failed (TimeoutError): Taking in", **failed, **ids)
    logs.tell("worker", 40_000, "progress", "20 tokens", span_id="b", **ids)
    found = asked(narration, logs, "req-1")
    assert (found["state"], [work["name"] for work in found["left_open"]]) == ("failed", ["infer"])


def test_a_call_that_nobody_answers_names_what_is_called(logs, narration):
    ids = {"correlation_id": "req-1"}
    logs.span("gateway", 0, None, "request", "Taking in", "a", **ids)
    call = {"event": "call", "span_id": "b", "parent_span_id": "a", "target": "billing"}
    logs.tell("gateway", 10, "charge", "Asking billing", **call, **ids)
    alive(logs, "gateway")
    top = first_lines(narration, logs, "req-1")
    assert "Waiting for:  gateway: Asking billing" in top
    assert "with other work; what it calls (billing) has said nothing of this request" in top
    logs.line("billing", "2026-11-28T21:06:50Z got req-1, asking the bank")
    assert "what it calls" not in first_lines(narration, logs, "req-1")


def test_warnings_that_come_again_and_again_are_told_at_the_top(logs, narration):
    logs.span("gateway", 0, None, "request", "Taking in", "a", correlation_id="req-1")
    refused = {"level": "warn", "error_kind": "callback_failed", "correlation_id": "req-1"}
    for number in range(20):
        logs.tell("pool", number * 3000, "callback", "Refused the callback: HTTP 503", **refused)
    alive(logs, "gateway")
    top = first_lines(narration, logs, "req-1")
    assert (
        "Errors:       pool: WARN Refused the callback: HTTP 503 (callback_failed), at 21:06:40.000; and 19 more" in top
    )


def test_a_clock_that_is_a_year_ahead_ages_nobody_else(logs, narration):
    import time

    now = time.time_ns() // 1_000_000 - START_MS
    an_hour = 3_600_000
    logs.span("gateway", now - an_hour, None, "request", "Taking in", "a", correlation_id="req-1")
    alive(logs, "gateway", at=now - an_hour + 20_000)
    alive(logs, "clock", at=now + 365 * 24 * an_hour)
    found = asked(narration, logs, "req-1")
    assert (found["is_live"], found["age_ms"]) == (False, 20_000)


def test_of_work_that_began_in_the_same_millisecond_the_innermost_counts(logs, narration):
    ids = {"correlation_id": "req-1"}
    logs.span("gateway", 0, None, "request", "Taking in a request", "a", **ids)
    logs.span("gateway", 0, None, "prepare", "Preparing an engine", "b", parent_span_id="a", **ids)
    logs.span("gateway", 0, None, "build", "Asking for a build", "c", parent_span_id="b", **ids)
    found = asked(narration, logs, "req-1")
    assert [work["name"] for work in found["open"]] == ["build", "prepare", "request"]


def test_a_request_whose_last_words_are_errors_has_failed_though_nothing_opened_work(logs, narration):
    def told(service: str, at: int, level: str, words: str) -> None:
        said = {"time": START_MS + at, "level": level, "msg": words, "request_id": "r-1", "service": service}
        logs.line(service, json.dumps(said))

    told("orders", 0, "info", "order received")
    told("stock", 10, "error", "reservation failed")
    told("orders", 20, "error", "stock could not be reserved")
    logs.line("nginx", '1.1.1.1 - - [28/Nov/2026:21:06:40 +0000] "POST /r-1 HTTP/1.1" 500 14 "-"')
    assert narration("why", "r-1", "logs").stdout.startswith("Failed:       stock: ERROR reservation failed, at ")


@pytest.mark.parametrize(
    "name",
    [
        "rq-{:03d}",
        "job{}",
        "0af7651916cd43dd8448eb21{:08x}",
        "0af76519-16cd-43dd-8448-eb21{:08x}",
        "10000{}",
    ],
)
def test_plain_text_tells_what_usually_comes_next_by_ids_like_the_one_that_is_asked_for(logs, narration, name):
    def told(service: str, minute: int, ms: int, words: str) -> None:
        logs.line(service, f"2026-11-28 21:{minute:02d}:40,{ms:03d} INFO [{service}] {words}")

    for number in range(9):
        told("api", number, 0, f"request {name.format(number)} accepted")
        told("billing", number, 10, f"charging for {name.format(number)}")
        if number != 5:
            told("billing", number, 60, f"charged for {name.format(number)}")
            told("api", number, 70, f"request {name.format(number)} done")
    stuck = " ".join(narration("why", name.format(5), "logs").stdout.split())
    assert stuck.startswith("Waiting for: billing to go on after billing: 2026-11-28 21:05:40,010 INFO [billing]")
    assert "Missing: billing: INFO [billing] charged for" in stuck
    assert "came 50 ms later (median) in 100% of 8 other requests" in stuck
    assert narration("why", name.format(4), "logs").stdout.startswith("Finished:")


def test_an_id_without_a_digit_is_like_no_other(logs, narration):
    logs.line("api", "2026-11-28 21:05:40,010 INFO [api] request abc accepted")
    logs.line("api", "2026-11-28 21:05:41,010 INFO [api] request abd accepted")
    assert narration("why", "abc", "logs").stdout.startswith("Unclear:")
