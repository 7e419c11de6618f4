"""The facade against structlog, stdlib logging, loguru, eliot, logfire and OpenTelemetry.

Each candidate runs in an interpreter of its own, rounds are shuffled, CPU time is what counts, and every figure is a
ratio to the floor, `orjson.dumps` of the same 12-field event plus a write, with which it takes turns of milliseconds.

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
# (candidate of facade_candidates.py, events a turn)
CANDIDATES = (
    ("floor", 5_000),
    ("noop", 25_000),
    ("narration_disabled", 25_000),
    ("narration", 5_000),
    ("narration_handoff", 8_000),
    ("narration_new_numbers", 5_000),
    ("narration_handoff_new_numbers", 8_000),
    ("narration_new_words", 5_000),
    ("narration_write", 10_000),
    ("narration_handoff_new_words", 8_000),
    ("narration_file", 5_000),
    ("narration_pipe", 3_000),
    ("structlog", 3_000),
    ("structlog_file", 3_000),
    ("structlog_pipe", 3_000),
    ("stdlib_json", 2_000),
    ("eliot", 2_000),
    ("otel", 1_000),
    ("loguru", 1_000),
    ("logfire", 200),
)
ONCE = (
    ("threads", 300_000),
    ("threads_queued", 300_000),
    ("threads_new_numbers", 300_000),
    ("threads_new_words", 300_000),
    ("memory", 1_000_000),
)
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


Round = dict[str, dict[str, float]]


def measured_round(python: Path, scale: float) -> Round:
    """Return what each candidate reports, in shuffled order."""
    order = random.sample(CANDIDATES, len(CANDIDATES))
    return {name: measure(python, name, max(100, int(count * scale))) for name, count in order}


def table(rounds: list[Round]) -> list[str]:
    lines = ["| candidate | CPU us an event | x floor |", "|---|---|---|"]
    for name, _ in CANDIDATES:
        us, x_floor = (spread([one[name][figure] for one in rounds]) for figure in ("us", "x_floor"))
        lines.append(f"| {name} | {us} | {x_floor} |")
    return lines


def verdicts(rounds: list[Round], once: dict[str, dict[str, float]]) -> list[str]:
    """Return the rows of the issue's table: what must be reached, and what was."""

    def median(over: str, under: str = "floor") -> float:
        return statistics.median(one[over]["x_floor"] / one[under]["x_floor"] for one in rounds)

    rows = [
        (
            "disabled level, x a no-op call",
            "<= 1.1",
            statistics.median(one["narration_disabled"]["x_noop"] for one in rounds),
        ),
        ("enabled, 5 context ids, redaction on, x floor", "<= 10", median("narration")),
        ("the same, other numbers in the sentence each time", "<= 10", median("narration_new_numbers")),
        (
            "the same, words never seen before, without the write below",
            "<= 9",
            statistics.median(
                one["narration_new_words"]["x_floor"] - one["narration_write"]["x_floor"] for one in rounds
            ),
        ),
        ("the write: a line that is ready goes to the output", "", median("narration_write")),
        ("structlog without redaction, to the same file, x ours", ">= 2", median("structlog_file", "narration_file")),
        ("the same, to a pipe", "", median("structlog_pipe", "narration_pipe")),
        ("the same, to nothing", "", median("structlog", "narration")),
        (
            "delivery queued, what the caller pays for a burst of 8,000, redaction on, x floor",
            "<= 4",
            median("narration_handoff"),
        ),
        ("the same, other numbers in the sentence each time", "", median("narration_handoff_new_numbers")),
        ("the same, words never seen before", "<= 7", median("narration_handoff_new_words")),
        ("8 threads to a file, by the caller, throughput against one", ">= 0.7", once["threads"]["ratio"]),
        ("the same, queued", ">= 0.9", once["threads_queued"]["ratio"]),
        ("the same, other numbers in the sentence each time", "", once["threads_new_numbers"]["ratio"]),
        ("the same, words never seen before", "", once["threads_new_words"]["ratio"]),
        (
            f"without a kill: events lost or torn of {sum(once[name].get('told', 0) for name, _ in ONCE):,}",
            "0",
            sum(once[name].get("lost", 0) for name, _ in ONCE),
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
    once = {name: measure(python, name, int(count * options.scale)) for name, count in ONCE}
    once |= {name: measure(python, name, options.kills) for name in KILLED}
    delivered = sum(once[name]["delivered"] for name in KILLED)
    lines = [
        f"{machine()}; {', '.join(PEERS[1:])}.",
        f"{options.rounds} rounds of a fresh interpreter each, in turns with the floor, CPU time, median [min-max].",
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
