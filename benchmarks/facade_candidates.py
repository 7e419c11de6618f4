"""One candidate of the facade benchmark, run alone: `facade_candidates.py NAME COUNT` prints its cost as JSON.

`us` is the CPU time of an event, `x_floor` how many times the floor that is: `orjson.dumps` of the same 12-field event
plus a write. A processor changes its speed by half within seconds, so candidate and floor take turns of milliseconds
in one process, each turn is compared with its neighbours, and the middle of the turns counts.
"""

import itertools
import json
import os
import random
import resource
import statistics
import sys
import threading
import time

IDS = {
    "correlation_id": "0b0e9a3e-43f6-4a6a-9d9c-0a6c1a0e6a11",
    "job_id": "job-123",
    "session_id": "session-9",
    "pool_id": "default",
    "worker_id": "worker-7",
}
HUMAN = "Spawning engine llamacpp-v1 on GPU0"
NUMBERS = "Spawned engine llamacpp-v1 in {duration_ms} ms"
SAID = {"actor": "pool-managerd", "action": "spawn", "target": "GPU0", "human": HUMAN}
EVENT = {
    "emitted_at_ms": 1_795_000_000_000,
    "level": "info",
    **SAID,
    **IDS,
    "device": "GPU0",
}
assert len(EVENT) == 12


TURNS = 15


def cost(run, count, clock):
    start = clock()
    run(count)
    return (clock() - start) / count * 1e6


def timed(run, count, clock=time.process_time, settle=lambda: None, beside=None):
    """Return what one event costs, and its ratio to the floor.

    Args:
        run: emits so many events.
        count: how many in one turn.
        clock: whose CPU time counts: the process's, or the thread's.
        settle: what is to be waited for after each turn, at nobody's expense.
        beside: what is compared with, and how many of it in one turn; the floor when absent.
    """
    reference, number = beside or (floor_run(), 5_000)
    run(max(count // 2, 100))  # warm
    settle()
    reference(number)
    costs, ratios = [], []
    before = cost(reference, number, clock)
    for _ in range(TURNS):
        one = cost(run, count, clock)
        settle()
        after = cost(reference, number, clock)
        costs.append(one)
        ratios.append(2 * one / (before + after))
        before = after
    return {"us": statistics.median(costs), "x_floor": statistics.median(ratios)}


def repeat(call):
    def run(count):
        for _ in range(count):
            call()

    return run


def floor_run():
    import orjson

    out = open("/dev/null", "wb")
    return repeat(lambda: out.write(orjson.dumps(EVENT)))


def floor(count):
    return timed(floor_run(), count)


def noop_run():
    def nothing(action, target, human, /, **fields):
        pass

    return repeat(lambda: nothing("spawn", "GPU0", HUMAN, device="GPU0"))


def noop(count):
    return timed(noop_run(), count)


def narrator(**options):
    import narration_core

    narration_core.configure(strict=False, service="bench", version="1", **options)
    narration_core.warm_up()
    return narration_core, narration_core.Narrator("pool-managerd")


def narration_disabled(count):
    _, narrate = narrator(output="off")
    run = repeat(lambda: narrate.debug("spawn", "GPU0", HUMAN, device="GPU0"))
    beside_noop = timed(run, count, beside=(noop_run(), count))
    return {**timed(run, count), "x_noop": beside_noop["x_floor"]}


def opened(where):
    """Return a text stream to a file, to a pipe that somebody empties, or to nothing."""
    if where == "file":
        import tempfile

        return tempfile.NamedTemporaryFile("w", dir=os.environ.get("BENCHMARK_DISK"))
    if where == "pipe":
        import subprocess

        reader, writer = os.pipe()
        subprocess.Popen(["cat"], stdin=reader, stdout=subprocess.DEVNULL)
        os.close(reader)
        return os.fdopen(writer, "w")
    return open("/dev/null", "w")


def narration_file(count):
    return narration(count, where="file")


def narration_pipe(count):
    return narration(count, where="pipe")


def narration(count, human="Spawning engine llamacpp-v1 on {device}", where="null"):
    """Everything, the write included: CPU of the whole process."""
    out = opened(where)
    stream = getattr(out, "file", out)  # a temporary file is a wrapper around one
    import narration_core

    core, narrate = narrator(sinks=[narration_core.StreamSink(lambda: stream)], overflow="wait")

    def run(number):
        for _ in range(number):
            narrate.info("spawn", "GPU0", human, device="GPU0")
        core.flush(30)

    with core.bind(**IDS):
        return timed(run, count)


def narration_write(count):
    """The write alone: what the delivery of an event costs whose line is ready."""
    out = open("/dev/null", "w")
    import narration_core
    from narration_core._pipeline import PIPELINE

    core, narrate = narrator(sinks=[narration_core.StreamSink(lambda: out)])
    kept = []
    PIPELINE.outputs.puts = (kept.append,)
    with core.bind(**IDS):
        narrate.info("spawn", "GPU0", HUMAN, device="GPU0")
    (record,) = kept
    put = PIPELINE.outputs.writers[0].put
    return timed(repeat(lambda: put(record)), count)


def new_words():
    """Return sentences without end that hold no numbers, each forgotten by the time it comes again."""
    pick = random.Random(1)
    words = ["".join(pick.choices("abcdefghilmnoprstuv", k=pick.randint(2, 8))) for _ in range(2000)]
    return itertools.cycle([" ".join(pick.choices(words, k=6)) for _ in range(9_000)])


def told_anew(count, sentences):
    """The same with another sentence each time."""
    out = open("/dev/null", "w")
    import narration_core

    core, narrate = narrator(sinks=[narration_core.StreamSink(lambda: out)], overflow="wait")

    def run(number):
        for this, human in zip(range(number), sentences, strict=False):
            narrate.info("spawn", "GPU0", human, duration_ms=this)
        core.flush(30)

    with core.bind(**IDS):
        return timed(run, count)


def narration_new_numbers(count):
    """A sentence that differs in its numbers: the redactor knows it by its shape."""
    return told_anew(count, itertools.repeat(NUMBERS))


def narration_new_words(count):
    """A sentence of words that were never seen before: the redactor scans every event."""
    return told_anew(count, new_words())


def handed_off(count, emit):
    """What the caller alone pays: CPU of its thread. Callers help to write when seven eighths of the queue are full.

    `emit(narrate, count)` emits so many events.
    """
    out = open("/dev/null", "w")
    import narration_core

    core, narrate = narrator(sinks=[narration_core.StreamSink(lambda: out)], delivery="queued")
    with core.bind(**IDS):
        result = timed(
            lambda number: emit(narrate, number), count, clock=time.thread_time, settle=lambda: core.flush(30)
        )
    assert not core.stats()["dropped"], core.stats()
    return result


def narration_handoff(count):
    def emit(narrate, number):
        for _ in range(number):
            narrate.info("spawn", "GPU0", "Spawning engine llamacpp-v1 on {device}", device="GPU0")

    return handed_off(count, emit)


def handed_off_anew(count, sentences):
    def emit(narrate, number):
        for this, human in zip(range(number), sentences, strict=False):
            narrate.info("spawn", "GPU0", human, duration_ms=this)

    return handed_off(count, emit)


def narration_handoff_new_numbers(count):
    return handed_off_anew(count, itertools.repeat(NUMBERS))


def narration_handoff_new_words(count):
    return handed_off_anew(count, new_words())


def structlog_file(count):
    return structlog(count, where="file")


def structlog_pipe(count):
    return structlog(count, where="pipe")


def structlog(count, where="null"):
    out = opened(where)
    import orjson
    import structlog

    structlog.configure(
        cache_logger_on_first_use=True,
        wrapper_class=structlog.make_filtering_bound_logger(20),
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.format_exc_info,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(serializer=orjson.dumps),
        ],
        logger_factory=structlog.BytesLoggerFactory(file=out.buffer),
    )
    structlog.contextvars.bind_contextvars(**IDS)
    log = structlog.get_logger().bind()
    return timed(
        repeat(lambda: log.info(HUMAN, actor="pool-managerd", action="spawn", target="GPU0", device="GPU0")), count
    )


def stdlib_json(count):
    import logging

    from pythonjsonlogger.orjson import OrjsonFormatter

    handler = logging.StreamHandler(open("/dev/null", "w"))
    handler.setFormatter(OrjsonFormatter("%(message)s %(levelname)s", timestamp=True))
    log = logging.getLogger("bench")
    log.addHandler(handler)
    log.setLevel(20)
    extra = {"actor": "pool-managerd", "action": "spawn", "target": "GPU0", "device": "GPU0", **IDS}
    return timed(repeat(lambda: log.info(HUMAN, extra=extra)), count)


def loguru(count):
    from loguru import logger

    logger.remove()
    logger.add(open("/dev/null", "w"), serialize=True, level="INFO")
    log = logger.bind(actor="pool-managerd", action="spawn", target="GPU0")
    with logger.contextualize(**IDS):
        return timed(repeat(lambda: log.bind(device="GPU0").info(HUMAN)), count)


def eliot(count):
    import eliot

    eliot.to_file(open("/dev/null", "wb"))
    with eliot.start_action(action_type="bench"):
        return timed(
            repeat(
                lambda: eliot.log_message(
                    message_type="spawn", human=HUMAN, actor="p", target="GPU0", device="GPU0", **IDS
                )
            ),
            count,
        )


def logfire(count):
    import logfire
    import orjson
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter, SpanExportResult

    out = open("/dev/null", "wb")

    class Exporter(SpanExporter):
        def export(self, spans):
            out.writelines(orjson.dumps(dict(span.attributes)) for span in spans)
            return SpanExportResult.SUCCESS

    logfire.configure(
        send_to_logfire=False, console=False, additional_span_processors=[SimpleSpanProcessor(Exporter())]
    )
    return timed(
        repeat(lambda: logfire.info(HUMAN, actor="p", action="spawn", target="GPU0", device="GPU0", **IDS)), count
    )


def otel(count):
    import orjson
    from opentelemetry._logs import LogRecord, SeverityNumber
    from opentelemetry.sdk._logs import LoggerProvider
    from opentelemetry.sdk._logs.export import LogRecordExporter, LogRecordExportResult, SimpleLogRecordProcessor

    out = open("/dev/null", "wb")

    class Exporter(LogRecordExporter):
        def export(self, batch):
            out.writelines(
                orjson.dumps({"t": data.log_record.timestamp, "b": data.log_record.body, **data.log_record.attributes})
                for data in batch
            )
            return LogRecordExportResult.SUCCESS

        def shutdown(self):
            pass

        def force_flush(self, *_):
            return True

    provider = LoggerProvider()
    provider.add_log_record_processor(SimpleLogRecordProcessor(Exporter()))
    log = provider.get_logger("bench")
    fields = {"actor": "p", "action": "spawn", "target": "GPU0", "device": "GPU0", **IDS}
    return timed(
        repeat(
            lambda: log.emit(
                LogRecord(timestamp=time.time_ns(), severity_number=SeverityNumber.INFO, body=HUMAN, attributes=fields)
            )
        ),
        count,
    )


def threads(count, sentences=itertools.repeat(HUMAN), delivery="caller"):  # noqa: B008 - it never ends
    """Events a second of eight threads against one, and what was lost or torn on the way to a file."""
    import tempfile

    import narration_core

    def throughput(workers):
        with tempfile.NamedTemporaryFile("w") as out:
            core, narrate = narrator(sinks=[narration_core.FileSink(out.name)], overflow="wait", delivery=delivery)

            def work(name):
                with core.bind(**IDS):
                    for number, human in zip(range(name, count, workers), sentences, strict=False):
                        narrate.info("spawn", "GPU0", human, device="GPU0", queue_position=number)

            start = time.perf_counter()
            running = [threading.Thread(target=work, args=(name,)) for name in range(workers)]
            for thread in running:
                thread.start()
            for thread in running:
                thread.join()
            core.flush(60)
            took = time.perf_counter() - start
            return count / took, count - len({json.loads(line)["queue_position"] for line in open(out.name, "rb")})

    # Wall time on a machine that others use too: neighbours in time are compared, and the middle of five pairs counts.
    pairs = [(throughput(1), throughput(8)) for _ in range(5)]
    lost = sum(missing for pair in pairs for _, missing in pair)
    ratio = statistics.median(eight[0] / one[0] for one, eight in pairs)
    return {"us": 0, "ratio": ratio, "lost": lost, "told": 2 * count * len(pairs)}


def threads_new_numbers(count):
    return threads(count, itertools.repeat("Spawned engine llamacpp-v1 as number {queue_position}"))


def threads_new_words(count):
    return threads(count, new_words())


def threads_queued(count):
    return threads(count, delivery="queued")


COUNTING = """
import mmap, os, struct, sys, threading
from narration_core import FileSink, Narrator, configure
path, shared, workers, level = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]
configure(sinks=[FileSink(path)], strict=False)
counts = mmap.mmap(os.open(shared, os.O_RDWR), 4096)
say = getattr(Narrator("child"), level)
def work(mine):
    number = 0
    while True:
        say("count", str(mine), "Counting {queue_position}", queue_position=number)
        number += 1
        counts[mine * 8 : mine * 8 + 8] = struct.pack("q", number)
for other in range(1, workers):
    threading.Thread(target=work, args=(other,), daemon=True).start()
work(0)
"""


def kills(count, workers=1, level="info"):
    """Kill a process that emits as fast as it can, at a random moment; what was delivered must be in the file."""
    import struct
    import subprocess
    import tempfile
    from pathlib import Path

    delivered = lost = runs_with_losses = 0
    for _ in range(count):
        with tempfile.TemporaryDirectory() as place:
            path, shared = Path(place, "events.jsonl"), Path(place, "counts")
            shared.write_bytes(bytes(4096))
            child = subprocess.Popen([sys.executable, "-c", COUNTING, str(path), str(shared), str(workers), level])
            while struct.unpack("q", shared.read_bytes()[:8])[0] < 1000:
                time.sleep(0.01)
            time.sleep(random.random() * 0.2)
            child.kill()
            child.wait()
            counts = struct.unpack(f"{workers}q", shared.read_bytes()[: 8 * workers])
            lines = [json.loads(line) for line in path.read_bytes().split(b"\n")[:-1]]
            found = {(int(line["target"]), line["queue_position"]) for line in lines}
            emitted = ((worker, number) for worker in range(workers) for number in range(counts[worker]))
            missing = sum(event not in found for event in emitted)
            delivered += sum(counts)
            lost += missing
            runs_with_losses += missing > 0
    return {"us": 0, "delivered": delivered, "lost": lost, "runs": runs_with_losses}


def kills_threads(count):
    return kills(count, workers=8)


def kills_threads_warn(count):
    return kills(count, workers=8, level="warn")


def memory(count):
    """How much memory grows while a sink takes a thousandth of what comes."""

    class Slow:
        name = "slow"
        background = True

        def write(self, _batch):
            threading.Event().wait(0.05)

        def close(self):
            pass

    core, narrate = narrator(sinks=[Slow()])
    with core.bind(**IDS):
        narrate.info("spawn", "GPU0", HUMAN, device="GPU0")
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        for _ in range(count):
            narrate.info("spawn", "GPU0", HUMAN, device="GPU0")
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    dropped = sum(core.stats()["dropped"].values())
    sys.stdout.write(json.dumps({"us": 0, "grown_mb": grown, "dropped": dropped}) + "\n")
    sys.stdout.flush()
    os._exit(0)  # nothing more to learn from writing the rest


if __name__ == "__main__":
    print(json.dumps(globals()[sys.argv[1]](int(sys.argv[2]))))
