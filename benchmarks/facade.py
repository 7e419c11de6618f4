"""The facade against structlog, stdlib logging, loguru, eliot, logfire and OpenTelemetry.

Each candidate runs in an interpreter of its own, rounds are interleaved and shuffled, CPU time is what counts, and
every figure is a ratio to the floor, `orjson.dumps` of the same 12-field event plus a write, measured right before and
right after: processors change their speed.

    python -m benchmarks.facade [--rounds N] [--scale F]
"""

import argparse
import json
import random
import statistics
import subprocess
from importlib import import_module
from pathlib import Path

from benchmarks.environment import ROOT, machine, python_with

PEERS = (
    "orjson",
    "structlog==26.1.0",
    "python-json-logger==4.2.0",
    "loguru==0.7.3",
    "eliot==1.18.0",
    "logfire==5.2.0",
    "opentelemetry-sdk==1.45.2",
)
# (candidate of facade_candidates.py, events a round)
FLOOR = ("floor", 200_000)
CANDIDATES = (
    ("noop", 400_000),
    ("narration_disabled", 400_000),
    ("narration", 100_000),
    ("narration_handoff", 8_000),
    ("narration_new_numbers", 100_000),
    ("narration_handoff_new_numbers", 8_000),
    ("narration_new_words", 100_000),
    ("narration_write", 100_000),
    ("narration_handoff_new_words", 8_000),
    ("narration_file", 100_000),
    ("narration_pipe", 50_000),
    ("structlog", 50_000),
    ("structlog_file", 50_000),
    ("structlog_pipe", 50_000),
    ("stdlib_json", 30_000),
    ("eliot", 30_000),
    ("otel", 20_000),
    ("loguru", 15_000),
    ("logfire", 3_000),
)
ONCE = ("threads", "threads_queued", "threads_new_numbers", "threads_new_words", "memory")
KILLED = ("kills", "kills_threads", "kills_threads_warn")


def measure(python: Path, name: str, count: int) -> dict[str, float]:
    """Return what one candidate reports of itself in a fresh interpreter."""
    done = subprocess.run(
        [python, str(ROOT / "benchmarks" / "facade_candidates.py"), name, str(count)],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    if done.returncode != 0:
        raise SystemExit(f"benchmark candidate {name} failed:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def spread(values: list[float]) -> str:
    return f"{statistics.median(values):.2f} [{min(values):.2f}-{max(values):.2f}]"


def measured_round(python: Path, scale: float) -> dict[str, tuple[float, float]]:
    """Return each candidate's CPU time of an event in microseconds, and its ratio to its neighbours, the floor."""

    def cost(name: str, count: int) -> float:
        return measure(python, name, max(1000, int(count * scale)))["us"]

    order = random.sample(CANDIDATES, len(CANDIDATES))
    before = cost(*FLOOR)
    result = {"floor": (before, 1.0)}
    for name, count in order:
        us = cost(name, count)
        after = cost(*FLOOR)
        result[name] = (us, 2 * us / (before + after))
        before = after
    return result


def table(rounds: list[dict[str, tuple[float, float]]]) -> list[str]:
    lines = ["| candidate | CPU us an event | x floor | x no-op |", "|---|---|---|---|"]
    for name, _ in (FLOOR, *CANDIDATES):
        cost = [one[name][0] for one in rounds]
        floor = [one[name][1] for one in rounds]
        noop = [one[name][1] / one["noop"][1] for one in rounds]
        shown = spread(noop) if name in {"noop", "narration_disabled"} else ""
        lines.append(f"| {name} | {spread(cost)} | {spread(floor)} | {shown} |")
    return lines


def verdicts(rounds: list[dict[str, tuple[float, float]]], once: dict[str, dict[str, float]]) -> list[str]:
    """Return the rows of the issue's table: what must be reached, and what was."""

    def median(over: str, under: str) -> float:
        return statistics.median(one[over][1] / one[under][1] for one in rounds)

    rows = [
        ("disabled level, x a no-op call", "<= 1.1", median("narration_disabled", "noop")),
        ("enabled, 5 context ids, redaction on, x floor", "<= 10", median("narration", "floor")),
        ("the same, other numbers in the sentence each time", "<= 10", median("narration_new_numbers", "floor")),
        (
            "the same, words never seen before, without the write below",
            "<= 9",
            statistics.median(one["narration_new_words"][1] - one["narration_write"][1] for one in rounds),
        ),
        ("the write: a line that is ready goes to the output", "", median("narration_write", "floor")),
        ("structlog without redaction, to the same file, x ours", ">= 2", median("structlog_file", "narration_file")),
        ("the same, to a pipe", "", median("structlog_pipe", "narration_pipe")),
        ("the same, to nothing", "", median("structlog", "narration")),
        (
            "delivery queued, what the caller pays for a burst of 8,000, redaction on, x floor",
            "<= 4",
            median("narration_handoff", "floor"),
        ),
        ("the same, other numbers in the sentence each time", "", median("narration_handoff_new_numbers", "floor")),
        ("the same, words never seen before", "<= 7", median("narration_handoff_new_words", "floor")),
        ("8 threads to a file, by the caller, throughput against one", ">= 0.7", once["threads"]["ratio"]),
        ("the same, queued", ">= 0.9", once["threads_queued"]["ratio"]),
        ("the same, other numbers in the sentence each time", "", once["threads_new_numbers"]["ratio"]),
        ("the same, words never seen before", "", once["threads_new_words"]["ratio"]),
        (
            "8 threads without a kill, events lost or torn of 1,000,000",
            "0",
            sum(once[name].get("lost", 0) for name in ONCE),
        ),
        ("killed at a random moment, one thread: lines lost", "0", once["kills"]["lost"]),
        ("the same, 8 threads, at info: runs with losses", "", once["kills_threads"]["runs"]),
        ("the same, 8 threads, at warn: lines lost", "0", once["kills_threads_warn"]["lost"]),
        ("1,000,000 events through a slow sink, peak MB over the start", "bounded", once["memory"]["grown_mb"]),
    ]
    return ["| what | must reach | reached |", "|---|---|---|"] + [
        f"| {what} | {goal} | {reached:.2f} |" for what, goal, reached in rows
    ]


def main() -> None:
    """Measure, print and write the section `facade` of benchmarks/RESULTS.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--scale", type=float, default=1.0, help="multiplies the number of events")
    parser.add_argument("--kills", type=int, default=1000, help="how often each process is killed")
    options = parser.parse_args()
    python = python_with(PEERS)
    rounds = []
    for number in range(options.rounds):
        rounds.append(measured_round(python, options.scale))
        print(f"round {number + 1} of {options.rounds} done", flush=True)
    once = {name: measure(python, name, int(1_000_000 * options.scale)) for name in ONCE}
    once |= {name: measure(python, name, options.kills) for name in KILLED}
    delivered = sum(once[name]["delivered"] for name in KILLED)
    lines = [
        f"{machine()}; {', '.join(PEERS[1:])}.",
        f"{options.rounds} interleaved rounds, each candidate in its own interpreter, CPU time, median [min-max].",
        f"{options.kills} processes of each kind were killed after {delivered:,} lines.",
        "",
        *verdicts(rounds, once),
        "",
        *table(rounds),
    ]
    print("\n".join(lines))
    import_module("benchmarks.results").replace_section("facade", lines)


if __name__ == "__main__":
    main()
