"""Celery and RQ with real workers on a real redis-server."""

import json
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
import redis
from rq import Queue, SimpleWorker

from narration_core import Narrator, bind, bound
from narration_core.bridges.celery import correlate
from narration_core.bridges.rq import NarratingJob
from support.servers import redis_server

ROOT = Path(__file__).resolve().parents[2]
SECRET = "hunter2-made-up-pass"
CELERY = f"""
import logging, sys
from celery import Celery
from narration_core import Narrator
from narration_core.bridges.celery import correlate

app = Celery("shop", broker=sys.argv[-1] if sys.argv[-1].startswith("redis") else None)
app.conf.update(broker_connection_retry_on_startup=False, broker_url=__import__("os").environ["BROKER"])
app.conf.result_backend = app.conf.broker_url
narrate = Narrator("shop")
correlate(narrate)

@app.task
def charge(number):
    logging.getLogger("bank").info("Charging with password=%s", "{SECRET}")
    print("a line of print")
    notify.delay()
    return number

@app.task
def notify():
    narrate("notify", "customer", "Telling the customer")

@app.task
def fail(card):
    raise KeyError("no such account")

@app.task(bind=True, max_retries=1, default_retry_delay=0)
def flaky(self):
    if not self.request.retries:
        raise self.retry(exc=TimeoutError("the bank is slow"), countdown=0)
"""


@pytest.fixture(scope="module")
def broker(tmp_path_factory):
    yield from redis_server(tmp_path_factory.mktemp("redis"))


def lines(text):
    return [json.loads(line) for line in text.splitlines() if line.startswith("{")]


@pytest.mark.req("INT-03")
@pytest.mark.parametrize(
    ("pool", "options"),
    [("prefork", []), ("prefork", ["--max-tasks-per-child", "1"]), ("threads", []), ("solo", [])],
    ids=["prefork", "a-process-for-each-task", "threads", "solo"],
)
def test_celery_carries_the_ids_and_tells_its_tasks(broker, tmp_path, pool, options):
    (tmp_path / "shop.py").write_text(CELERY, "utf-8")
    environment = {**os.environ, "BROKER": broker, "NARRATION_FORMAT": "json"}
    worker = subprocess.Popen(
        [sys.executable, "-m", "celery", "-A", "shop", "worker", "--pool", pool, "--concurrency", "2", "-l", "INFO",
         *options],
        cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    program = """
        from narration_core import bind
        from shop import charge, fail, flaky
        with bind(correlation_id="req-1", job_id="job-1", session_id="s1"):
            print(charge.delay(7).get(timeout=60))
        with bind(correlation_id="req-2"):
            result = fail.delay("hunter2-made-up-pass")
            print(repr(result.get(timeout=60, propagate=False)))
        with bind(correlation_id="req-3"):
            flaky.delay().get(timeout=60)
    """
    try:
        client = subprocess.run(
            [sys.executable, "-c", textwrap.dedent(program)],
            cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip
    finally:
        worker.send_signal(signal.SIGTERM)
        out, err = worker.communicate(timeout=60)
    assert client.returncode == 0, client.stderr + out + err
    assert SECRET not in out + err + client.stdout
    sent, done = lines(client.stdout), lines(out)
    stories = {}
    for event in [*sent, *done]:
        stories.setdefault(event.get("correlation_id"), []).append(event)

    def told(name):
        return sorted(
            (event["actor"], event["action"]) for event in stories[name] if event["actor"] != "celery.app.trace"
        )

    own = [("shop", "enqueue"), ("shop", "enqueue"), ("shop", "notify"), *[("shop", "task")] * 4]
    assert told("req-1") == sorted([("bank", "log"), *own])
    assert {event.get("job_id") for event in stories["req-1"]} == {"job-1"}
    assert {event.get("session_id") for event in stories["req-1"]} == {"s1"}
    assert told("req-2") == sorted([("shop", "enqueue"), ("shop", "task"), ("shop", "task_failed")])
    (failed,) = [event for event in stories["req-2"] if event["action"] == "task_failed"]
    assert (failed["error_kind"], failed["level"]) == ("KeyError", "error")
    assert told("req-3") == sorted([*[("shop", "enqueue")] * 2, *[("shop", "task")] * 4])
    (retry,) = [event for event in stories["req-3"] if event["level"] == "warn"]
    assert retry["error_kind"] == "TimeoutError"
    # The span of whoever enqueued is the parent of the task's.
    (enqueued,) = [event for event in sent if event["correlation_id"] == "req-2"]
    assert failed["parent_span_id"] == enqueued["span_id"]
    # What a task prints is not taken for narration, and comes once.
    assert out.count("a line of print") == 1


def work(number):
    Narrator("till")("count", "coins", "Counting coins")
    return (number, dict(bound()).get("correlation_id"))


def broken():
    raise KeyError("no such coin")


@pytest.mark.req("INT-03")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_rq_carries_the_ids_and_tells_its_jobs(broker, narration):
    with redis.Redis.from_url(broker) as connection:
        queue = Queue("tills", connection=connection, job_class=NarratingJob)
        with bind(correlation_id="req-1", job_id="job-1"):
            good = queue.enqueue(work, 7)
            bad = queue.enqueue(broken)
        worker = SimpleWorker([queue], connection=connection, job_class=NarratingJob)
        worker.work(burst=True, logging_level="CRITICAL")
        assert good.return_value() == [7, "req-1"] or good.return_value() == (7, "req-1")
        assert bad.get_status(refresh=True) == "failed"
    narration.assert_every("correlation_id", "req-1")
    narration.assert_every("job_id", "job-1")
    assert [event.action for event in narration.events] == [
        "enqueue", "enqueue", "task", "count", "task", "task", "task_failed",
    ]  # fmt: skip
    narration.assert_event(action="task_failed", level="error", error_kind="KeyError", event="request_failed")
    enqueued, _, start, *_ = narration.events
    assert (start.parent_span_id, start.trace_id, start.task_id) == (enqueued.span_id, enqueued.trace_id, good.id)


RQ = """
SECRET = "hunter2-made-up-pass"
import logging, os, sys
import redis
from rq import Queue, Retry
from narration_core import Narrator, bind
from narration_core.bridges.rq import NarratingJob

class Job(NarratingJob):
    narrate = Narrator("till")

def work(number):
    logging.getLogger("lib").warning("password=hunter2-made-up-pass")
    return number

def broken(card):
    raise KeyError("password=hunter2-made-up-pass")

def dies():
    os._exit(3)

def flaky():
    raise TimeoutError("slow")

def later():
    return Retry(max=1)

if __name__ == "__main__":
    with redis.Redis.from_url(sys.argv[1]) as connection:
        queue = Queue("tills", connection=connection, job_class=Job)
        import jobs
        for name, job, more in (
            ("req-1", jobs.work, {"args": (7,)}), ("req-2", jobs.broken, {"args": (SECRET,)}), ("req-3", jobs.dies, {}),
            ("req-4", jobs.flaky, {"retry": Retry(max=1)}), ("req-5", jobs.later, {}),
        ):
            with bind(correlation_id=name):
                queue.enqueue(job, **more)
"""


@pytest.mark.req("INT-03")
def test_a_forking_worker_of_rq_tells_every_end_of_a_job_and_no_secret(broker, tmp_path):
    (tmp_path / "jobs.py").write_text(RQ, "utf-8")
    environment = {**os.environ, "NARRATION_FORMAT": "json", "PYTHONPATH": str(tmp_path)}

    def run(*command):
        return subprocess.run(
            [sys.executable, *command],
            cwd=tmp_path, env=environment, capture_output=True, text=True, check=True, timeout=120,
        )  # fmt: skip

    run("jobs.py", broker)
    worker = ["--worker-class", "narration_core.bridges.rq.NarratingWorker", "--job-class", "jobs.Job"]
    program = "import sys; from rq.cli import main; sys.exit(main())"
    done = run("-c", program, "worker", "--burst", "--url", broker, *worker, "tills")
    assert SECRET not in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    told = {}
    for event in lines(done.stdout):
        if event["actor"] in {"till", "lib"}:
            said = (event["action"], event["level"], event.get("error_kind"))
            told.setdefault(event["correlation_id"], []).append(said)
    begun = ("task", "info", None)
    assert told == {
        "req-1": [begun, ("log", "warn", None), begun],
        "req-2": [begun, ("task_failed", "error", "KeyError")],
        "req-3": [begun, ("task_failed", "error", "worker_died")],
        "req-4": [begun, ("task", "warn", "TimeoutError"), begun, ("task_failed", "error", "TimeoutError")],
        "req-5": [begun, ("task", "warn", "retry"), begun, ("task_failed", "error", "max_retries_exceeded")],
    }


def test_a_task_that_is_called_at_once_stays_in_its_story(narration):
    from celery import Celery

    app = Celery("eager")
    app.conf.task_always_eager = True

    @app.task
    def add(one, two):
        return one + two

    @app.task(bind=True, max_retries=1)
    def flaky(self):
        if not self.request.retries:
            raise self.retry(exc=TimeoutError("slow"))

    @app.task
    def fail():
        raise KeyError("gone")

    stop = correlate(Narrator("shop"), levels={"end": "warn"})
    try:
        with bind(correlation_id="req-1"):
            assert add.delay(1, 2).get() == 3
            flaky.delay()
            fail.delay()
    finally:
        stop()
    assert add.delay(1, 2).get() == 3
    narration.assert_every("correlation_id", "req-1")
    narration.assert_event(action="task", level="info", human="Working on tests.bridges.test_queues.add")
    narration.assert_event(action="task", level="warn", event="request", duration_ms=..., error_kind=None)
    narration.assert_event(action="task", level="warn", error_kind="TimeoutError")
    narration.assert_event(action="task_failed", level="error", error_kind="KeyError")


def test_where_a_task_is_enqueued_is_told(narration):
    from celery import Celery

    app = Celery("sender", broker="memory://")
    stop = correlate(Narrator("shop"))
    try:
        with bind(correlation_id="req-1"):
            app.send_task("tasks.add", (1, 2))
    finally:
        stop()
    narration.assert_event(action="enqueue", event="enqueue", human="Enqueued tasks.add", correlation_id="req-1")
