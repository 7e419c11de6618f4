"""What the bridges add to a request and to a call, beside logfire's in the same run.

Each candidate runs in an interpreter of its own, rounds are shuffled, and CPU time is what counts. The figure of a
bridge is its own time less that of the same application or client without it, with which it takes turns.

    python -m benchmarks.integrations [--rounds N] [--requests N]
"""

import argparse
import json
import random
import statistics
import subprocess
from pathlib import Path

from benchmarks.environment import ROOT, machine, python_with
from benchmarks.results import replace_section

PEERS = ("starlette", "httpx", "logfire[starlette,httpx]==5.1.1")
CANDIDATES = (
    ("asgi_narration", "ASGI: request and answer told to a file, redacted, new ids each time", "<= 25"),
    ("asgi_narration_inside", "the same inside, the caller's trace continued", "<= 25"),
    ("asgi_narration_muted", "the same, ids carried and nothing told", ""),
    ("asgi_by_hand", "by hand at the same place: three ids bound, two events", ""),
    ("asgi_logfire", "logfire, each span to a file", ""),
    ("asgi_logfire_no_export", "logfire, spans to nowhere", ""),
    ("httpx_narration", "httpx: ids carried, call and answer told to a file, redacted", "<= 10"),
    ("httpx_narration_muted", "the same, ids carried and nothing told", ""),
    ("httpx_by_hand", "by hand at the same place: three ids bound, two events", ""),
    ("httpx_logfire", "logfire, spans to nowhere", ""),
)


def measure(python: Path, name: str, requests: int) -> float:
    """Return the CPU time of a request, in microseconds, in a fresh interpreter."""
    done = subprocess.run(
        [python, str(ROOT / "benchmarks" / "integrations_candidates.py"), name, str(requests)],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
    )
    if done.returncode != 0:
        raise SystemExit(f"benchmark candidate {name} failed:\n{done.stderr[-2000:]}")
    return float(json.loads(done.stdout.splitlines()[-1])["us"])


def main() -> None:
    """Measure, print and write benchmarks/RESULTS.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--requests", type=int, default=5000)
    given = parser.parse_args()
    python = python_with(PEERS)
    added: dict[str, list[float]] = {name: [] for name, *_ in CANDIDATES}
    events: list[float] = []
    for _ in range(given.rounds):
        events.append(measure(python, "two_events", given.requests))
        for name, *_ in random.sample(CANDIDATES, len(CANDIDATES)):
            requests = given.requests // 5 if "logfire" in name else given.requests
            added[name].append(measure(python, name, requests))
    lines = [machine(), "", "| what a bridge adds to a request, CPU us | must reach | reached |", "|---|---|---|"]
    for name, what, goal in CANDIDATES:
        values = added[name]
        shown = f"{statistics.median(values):.1f} [{min(values):.1f}-{max(values):.1f}]"
        lines.append(f"| {what} | {goal} | {shown} |")
    lines.append(f"| two bare events of that form in one scope, to the same file | | {statistics.median(events):.1f} |")
    print("\n".join(lines))
    replace_section("integrations", lines)


if __name__ == "__main__":
    main()
