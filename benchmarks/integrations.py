"""What the bridges add to a request and to a call, beside logfire's in the same run.

Each candidate runs in an interpreter of its own, rounds are shuffled, and CPU time is what counts. The figure of a
bridge is its own time less that of the same application or client without it, with which it takes turns.

    python -m benchmarks.integrations [--rounds N] [--requests N] [--only KIND...]
"""

import argparse
import json
import random
import statistics
import subprocess
from pathlib import Path

from benchmarks.environment import ROOT, machine, python_with
from benchmarks.results import replace_section

PEERS = ("starlette", "httpx", "logfire[starlette,httpx]==5.1.1", "flask", "requests", "aiohttp")
MODULES = {
    "asgi": "integrations_candidates",
    "httpx": "integrations_candidates",
    "wsgi": "integrations_more",
    "requests": "integrations_more",
    "aiohttp": "integrations_more",
}
"""Which module measures what, by the first word of a candidate."""

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
    ("wsgi_narration", "WSGI (Flask): request and answer told to a file, redacted, new ids each time", ""),
    ("wsgi_narration_muted", "the same, ids carried and nothing told", ""),
    ("wsgi_by_hand", "by hand at the same place: three ids bound, two events", ""),
    ("requests_narration", "requests: ids carried, call and answer told to a file, redacted", "<= 10"),
    ("requests_narration_muted", "the same, ids carried and nothing told", ""),
    ("requests_by_hand", "by hand at the same place: three ids bound, two events", ""),
    ("aiohttp_narration", "aiohttp's client and a real server: ids carried, call and answer told, redacted", "<= 10"),
    ("aiohttp_narration_ids", "the same, ids carried and nothing told", ""),
    ("aiohttp_by_hand", "by hand around the call: three ids bound, two events", ""),
)


def measure(python: Path, name: str, requests: int) -> float:
    """Return the CPU time of a request, in microseconds, in a fresh interpreter."""
    done = subprocess.run(
        [python, str(ROOT / "benchmarks" / f"{MODULES[name.partition('_')[0]]}.py"), name, str(requests)],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
    )
    if done.returncode != 0:
        raise SystemExit(f"benchmark candidate {name} failed:\n{done.stderr[-2000:]}")
    return float(json.loads(done.stdout.splitlines()[-1])["us"])


def shown(values: list[float]) -> str:
    """Return the median and the range."""
    return f"{statistics.median(values):.1f} [{min(values):.1f}-{max(values):.1f}]"


def main() -> None:
    """Measure, print and write benchmarks/RESULTS.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--requests", type=int, default=5000)
    parser.add_argument("--only", nargs="+", choices=MODULES, default=[*MODULES], help="nothing is written then")
    given = parser.parse_args()
    python = python_with(PEERS)
    chosen = [row for row in CANDIDATES if row[0].partition("_")[0] in given.only]
    added: dict[str, list[float]] = {name: [] for name, *_ in chosen}
    events: list[float] = []
    for _ in range(given.rounds):
        events.append(measure(python, "asgi_two_events", given.requests))
        for name, *_ in random.sample(chosen, len(chosen)):
            requests = given.requests // 5 if "logfire" in name else given.requests
            added[name].append(measure(python, name, requests))
    lines = [machine(), "", "| what a bridge adds to a request, CPU us | must reach | reached |", "|---|---|---|"]
    for name, what, goal in chosen:
        lines.append(f"| {what} | {goal} | {shown(added[name])} |")
    for kind in given.only:
        own = [told - hand for told, hand in zip(added[f"{kind}_narration"], added[f"{kind}_by_hand"], strict=True)]
        lines.append(f"| {kind}: beyond the same two events told by hand |  | {shown(own)} |")
    lines.append(f"| two bare events of that form in one scope, to the same file | | {statistics.median(events):.1f} |")
    print("\n".join(lines))
    if len(given.only) == len(MODULES):
        replace_section("integrations", lines)


if __name__ == "__main__":
    main()
