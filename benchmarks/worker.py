"""The worker against the raw loop of llama.cpp and against llama_cpp.server; how soon it stops; a soak.

    python -m benchmarks.worker [--rounds N] [--turn-sec S] [--stops N] [--soak N] [--real-rounds N] [--real-stops N]
                               [--no-peer] [--dry]

The real model is the one that `make real` fetches; without it that part is not run.

Every turn asks each candidate for some answers of the same length with 1, 4 and 16 clients, in shuffled order, and
measures the raw loop right before and after each: figures are ratios of neighbours, and their medians are what counts.
The worker with its narration and the one without take turns of their own, with nothing between them.
Turns are short and many, because the speed of a shared machine changes within a second.
"""

import argparse
import asyncio
import os
import random
import statistics
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Final, NamedTuple

from benchmarks.environment import machine
from benchmarks.results import replace_section
from benchmarks.worker_endurance import Leftovers, soak, stopping
from benchmarks.worker_real import LEAST, busy_cores, real_model
from benchmarks.worker_speed import CLIENTS, STARTS, TOKENS, Figure, Speeds, raw_loop, throughput
from support.small_models import never_stopping, random_model
from tools.fetch_real_model import path as real_path

DRAWS: Final = 1000
"""How often figures are drawn anew for the standard error of a median."""


class Ratio(NamedTuple):
    """A ratio of neighbours in time, and the start that its processes come from."""

    value: float
    start: int


def median_error(ratios: list[Ratio]) -> float:
    """Return the standard error of the median, by drawing starts again and again, and turns from each.

    Starts and not only turns: processes of one start have the same luck with their memory.
    """
    luck = random.Random(17)  # the same figures give the same error
    starts: dict[int, list[float]] = {}
    for ratio in ratios:
        starts.setdefault(ratio.start, []).append(ratio.value)
    groups = list(starts.values())
    medians = [
        statistics.median(
            value for group in luck.choices(groups, k=len(groups)) for value in luck.choices(group, k=len(group))
        )
        for _ in range(DRAWS)
    ]
    return statistics.stdev(medians)


def spread(ratios: list[Ratio]) -> str:
    """Return the median with its standard error, and the quartiles around it."""
    values = [ratio.value for ratio in ratios]
    if len(values) == 1:
        return f"{values[0]:.2f}"
    low, middle, high = statistics.quantiles(values, n=4, method="inclusive")
    return f"{middle:.3f} ± {median_error(ratios):.3f} [{low:.2f}-{high:.2f}]"


def to_raw(figures: list[Figure]) -> list[Ratio]:
    """Return each figure as a ratio to the raw loop beside it."""
    return [Ratio(figure.speed / figure.raw, figure.start) for figure in figures]


def to_peer(ours: list[Figure], theirs: list[Figure]) -> list[Ratio]:
    """Return how many times one candidate is as fast as another, each measured against the raw loop beside it."""
    return [Ratio(a.value / b.value, a.start) for a, b in zip(to_raw(ours), to_raw(theirs), strict=True)]


def speed_table(speeds: Speeds) -> list[str]:
    """Return the table of speeds."""
    heads = (
        "clients",
        "raw loop, tokens/s",
        "worker, tokens/s",
        "first token, ms",
        "worker to raw loop",
        "narration on to off",
        "the same in tokens per CPU second",
        "worker to llama_cpp.server",
        "raw loop to llama_cpp.server",
    )
    lines = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    for clients in CLIENTS:
        ours = speeds.figures[f"worker {clients}"]
        theirs = speeds.figures.get(f"llama_cpp.server {clients}")
        narration = speeds.narration[clients]
        speed, first, raw, *_ = (statistics.median(column) for column in zip(*ours, strict=True))
        least = 0.85 if clients == 1 else 0.92
        bound = [Ratio(figure.raw / figure.speed, figure.start) for figure in theirs or ()]
        cells = (
            f"{clients}",
            f"{raw:.0f}",
            f"{speed:.0f}",
            f"{first:.1f}",
            f"{spread(to_raw(ours))}; at least {least}",
            f"{spread([Ratio(turn.speed, turn.start) for turn in narration])}; at least 0.98",
            spread([Ratio(turn.per_cpu, turn.start) for turn in narration]),
            f"{spread(to_peer(ours, theirs))}; at least 3.2" if theirs else "not run",
            spread(bound) if bound else "not run",
        )
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def real_table(figures: dict[str, list[Figure]]) -> list[str]:
    """Return the table of a real model's speeds."""
    lines = ["| real model | raw loop, tokens/s | worker, tokens/s | worker to raw loop |", "|---|---|---|---|"]
    for name, measured in figures.items():
        speed, _, raw, *_ = (statistics.median(column) for column in zip(*measured, strict=True))
        lines.append(f"| {name} | {raw:.1f} | {speed:.1f} | {spread(to_raw(measured))}; at least {LEAST} |")
    return lines


def stop_table(stops: dict[str, list[float]]) -> list[str]:
    """Return the table of latencies."""
    lines = ["| ms | p50 | p99 | most | p99 at most |", "|---|---|---|---|---|"]
    for name, values in sorted(stops.items()):
        ordered = sorted(values)
        p50, p99 = (ordered[min(len(ordered) - 1, int(len(ordered) * part))] for part in (0.5, 0.99))
        lines.append(f"| {name} | {p50:.0f} | {p99:.0f} | {ordered[-1]:.0f} | {10 if 'health' in name else 100} |")
    return lines


def soak_lines(left: Leftovers, count: int) -> list[str]:
    """Return what the soak left behind, as sentences."""
    return [
        f"Soak: {count} requests of mixed fate (finish, cancel, disconnect, invalid, timeout) after as many",
        "for warm-up, 8 clients, strict mode.",
        f"- Resident memory: {left.growth:+.1f} % (2 % allowed). Exit code {left.exit_code}.",
        f"- {left.ended_once} of {left.streams} streams ended exactly once.",
        f"- {left.coherent} of {left.stories} stories have one ending, last, and one correlation id.",
    ]


async def measure(options: argparse.Namespace) -> list[str]:
    """Run everything; return the section."""
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder:
        small = never_stopping(Path(folder) / "never.gguf")
        large = random_model(Path(folder) / "large.gguf", 30)
        print("speed", flush=True)
        speeds = await throughput(small, options.rounds, options.turn_sec, with_peer=not options.no_peer)
        print("stopping", flush=True)
        stops = await stopping(large, options.stops)
        real: list[str] = ["The real model was not measured: `make real` fetches it.", ""]
        if real_path().is_file():
            print("real model", flush=True)
            real = [*real_table(await real_model(real_path(), options.real_rounds)), ""]
            async with busy_cores(os.cpu_count() or 1):
                busy = await stopping(real_path(), options.real_stops, "hello world " * 600)
            real += ["The same stops on the real model, with every core busy:", "", *stop_table(busy), ""]
        print("soak", flush=True)
        left = await soak(small, options.soak)
    return [
        f"{machine()}, llama-cpp-python {version('llama-cpp-python')};",
        f"load average {load:.1f} before, {os.getloadavg()[0]:.1f} after.",
        f"{options.rounds} turns of about {options.turn_sec:g} s, {min(STARTS, options.rounds)} starts,",
        f"requests of {TOKENS} tokens, at least one for each client in a turn; the bundled model made never-stopping,",
        "one thread. The clients share the cores with the servers. Ratios of neighbours in time: median ± its standard",
        "error [quartiles]; what must be reached.",
        "",
        *speed_table(speeds),
        "",
        "From the request to stop until the worker says that native code stopped, and GET /health while a",
        f"prompt is read; a random model of 30 MB, {options.stops} of each:",
        "",
        *stop_table(stops),
        "",
        *real,
        *soak_lines(left, options.soak),
    ]


def main() -> None:
    """Run the benchmark and write its section of RESULTS.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=150)
    parser.add_argument("--turn-sec", type=float, default=0.15)
    parser.add_argument("--stops", type=int, default=50)
    parser.add_argument("--soak", type=int, default=1000)
    parser.add_argument("--real-rounds", type=int, default=40)
    parser.add_argument("--real-stops", type=int, default=10)
    parser.add_argument("--no-peer", action="store_true")
    parser.add_argument("--dry", action="store_true", help="print only, leave RESULTS.md alone")
    parser.add_argument("--raw", metavar="MODEL", help=argparse.SUPPRESS)
    parser.add_argument("--raw-threads", type=int, default=1, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.raw:
        raw_loop(options.raw, options.raw_threads)
        return
    lines = asyncio.run(measure(options))
    print("\n".join(lines))
    if not options.dry:
        replace_section("worker", lines)


if __name__ == "__main__":
    main()
