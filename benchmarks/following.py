"""Following one request through a million lines, beside the tools that people use for it today."""

import json
import os
import random
import resource
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any, Final, NamedTuple

from benchmarks.environment import machine, python_with
from benchmarks.results import replace_section

REQUESTS: Final = 20_000
STEPS: Final = 50
ROUNDS: Final = 5
SERVICES: Final = ("gateway", "orchestratord", "provisioner", "worker")
ASKED: Final = "req-019000"

PARSE: Final = """
import glob, sys, msgspec
from narration_core.following._conform import _Brief
decode = msgspec.json.Decoder(_Brief).decode
for path in glob.glob(sys.argv[1] + "/*.log"):
    with open(path, "rb") as file:
        for line in file:
            decode(line)
"""
DUCKDB: Final = """
import sys, duckdb
duckdb.sql("SET threads=1")
print(len(duckdb.sql(f"SELECT * FROM read_json('{sys.argv[1]}/*.log', format='newline_delimited') "
                     f"WHERE correlation_id = '{sys.argv[2]}' ORDER BY emitted_at_ms").fetchall()))
"""


class Taken(NamedTuple):
    """What a command took: CPU seconds, wall seconds, MiB at the most."""

    cpu: float
    wall: float
    memory: float


def write_logs(folder: Path) -> None:
    """Write a million lines of four services. Request 19000 is stuck."""
    chance = random.Random(1)
    lines: dict[str, list[tuple[int, bytes]]] = {service: [] for service in SERVICES}

    def tell(service: str, at: int, name: str, **fields: Any) -> None:
        said = {
            "emitted_at_ms": at, "level": "info", "actor": service, "action": fields.pop("action"),
            "target": "tiny.gguf", "human": fields.pop("human"), "correlation_id": name, "job_id": f"job{name[3:]}",
            "session_id": f"s{name[-3:]}", "engine": "llamacpp-v1", "model_ref": "tiny.gguf", **fields,
            "emitted_by": f"{service}@1.0.0",
        }  # fmt: skip
        lines[service].append((at, json.dumps(said, separators=(",", ":")).encode()))

    for number in range(REQUESTS):
        name, at = f"req-{number:06d}", 1_795_900_000_000 + number * 10
        stuck = name == ASKED
        for depth, service in enumerate(SERVICES):
            span = {"span_id": f"{number:08x}{depth:08x}", "parent_span_id": f"{number:08x}{depth - 1:08x}"}
            tell(service, at + depth, name, action="work", human="Starting the work", event="work_start", **span)
        for step in range(STEPS - 2 * len(SERVICES)):
            if not stuck:
                tell(SERVICES[step % 4], at + 10 + step, name, action="step", human=f"Did step {step} of the work")
        for depth, service in enumerate(SERVICES):
            if not stuck:
                took = chance.randint(80, 120)
                tell(
                    service, at + 200 - depth, name, action="work", human="Finished: Starting the work",
                    event="work_end", duration_ms=took, span_id=f"{number:08x}{depth:08x}",
                )  # fmt: skip
    for service, its in lines.items():
        its.sort(key=lambda one: one[0])
        (folder / f"{service}.log").write_bytes(b"\n".join(line for _, line in its) + b"\n")


def run(command: list[str] | str, folder: Path) -> Taken:
    """Run a command to its end and return what it and its children took; its output is thrown away.

    Args:
        command: as `subprocess` takes it.
        folder: where it runs: one without golden stories; and where Python keeps what it compiles, as it does where
            packages are installed, whatever this process was told about that.
    """
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment["PYTHONPYCACHEPREFIX"] = str(folder / "compiled")
    began = time.monotonic()
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    process = subprocess.Popen(
        command, shell=isinstance(command, str), stdout=subprocess.DEVNULL, cwd=folder, env=environment
    )
    _, _, used = os.wait4(process.pid, 0)
    process.returncode = 0
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Taken(cpu, time.monotonic() - began, used.ru_maxrss / 1024)


def main() -> None:
    """Measure every command in turn and write the section."""
    with tempfile.TemporaryDirectory(prefix="narration-following-") as name:
        folder = Path(name)
        print("writing a million lines ...", flush=True)
        # In a process of its own: what a command is seen to take at the most includes what its parent holds.
        program = f"from benchmarks.following import write_logs; from pathlib import Path; write_logs(Path({name!r}))"
        subprocess.run([sys.executable, "-c", program], check=True)
        size = sum(path.stat().st_size for path in folder.glob("*.log"))
        (folder / "golden").mkdir()
        golden = "Scenario: A request is worked on\n\nWhen it comes\n"
        for service in SERVICES:
            golden += "".join(f"  {service} | {action} | x | c1{again}\n      y\n" for action, again in GOLDEN)
        (folder / "golden" / "work.story").write_text(golden)
        results = measured(commands(folder), folder)
    report(results, size)


GOLDEN: Final = (("work", ""), ("step", " (any number of times)"), ("work", ""))


def commands(folder: Path) -> dict[str, list[str] | str]:
    """Return the commands by name; those whose program is not there are left out and named."""
    logs = [str(folder / f"{service}.log") for service in SERVICES]
    own = [str(Path(sys.executable).with_name("narration"))]
    quoted = shlex.join(logs)
    found: dict[str, list[str] | str] = {
        "rg + jq": f"rg --no-filename -F {ASKED} {quoted} | jq -cs 'sort_by(.emitted_at_ms)'",
        "grep + jq": f"grep -hF {ASKED} {quoted} | jq -cs 'sort_by(.emitted_at_ms)'",
        "narration story": [*own, "story", ASKED, *logs],
        "narration why": [*own, "why", ASKED, *logs],
        "msgspec, every line": [sys.executable, "-c", PARSE, str(folder)],
        "narration conform": [*own, "conform", *logs, "--golden", str(folder / "golden")],
        "DuckDB": [str(python_with(["duckdb", "pytz"])), "-c", DUCKDB, str(folder), ASKED],
        "lnav": f"lnav -n -c ':filter-in {ASKED}' {quoted}",
    }
    for name, program in (("rg + jq", "rg"), ("lnav", "lnav"), ("grep + jq", "jq")):
        if shutil.which(program) is None:
            print(f"{name}: {program} is not installed; left out")
            del found[name]
    return found


def measured(what: dict[str, list[str] | str], folder: Path) -> dict[str, Taken]:
    """Return the medians of several rounds, the commands taking turns so that a slow moment hits all of them."""
    rounds: dict[str, list[Taken]] = {name: [] for name in what}
    for number in range(ROUNDS + 1):
        for name, command in what.items():
            taken = run(command, folder)
            if number:  # the first round warms the files
                rounds[name].append(taken)
    return {
        name: Taken(median(one.cpu for one in its), median(one.wall for one in its), max(one.memory for one in its))
        for name, its in rounds.items()
    }


def report(results: dict[str, Taken], size: int) -> None:
    """Write the table and the ratios that must be reached."""
    lines = [
        f"{machine()}.",
        f"{REQUESTS * STEPS:,} lines, {size >> 20} MiB in {len(SERVICES)} files, warm; medians of {ROUNDS}.",
        "",
    ]
    lines += ["| command | CPU s | wall s | most memory, MiB |", "|---|---|---|---|"]
    lines += [
        f"| {name} | {taken.cpu:.3f} | {taken.wall:.3f} | {taken.memory:.0f} |" for name, taken in results.items()
    ]
    ratios = [
        ("story to rg + jq, CPU", "≤ 2", "narration story", "rg + jq"),
        ("why to story, CPU", "≤ 1.5", "narration why", "narration story"),
        ("conform to parsing every line, CPU", "≤ 3", "narration conform", "msgspec, every line"),
    ]
    lines += ["", "| ratio | must reach | measured |", "|---|---|---|"]
    for name, limit, one, other in ratios:
        if one in results and other in results:
            lines.append(f"| {name} | {limit} | {results[one].cpu / results[other].cpu:.2f} |")
    lines.append(f"| memory of story | ≤ 20 MiB | {results['narration story'].memory:.1f} MiB |")
    lines.append(f"| memory of conform | ≤ 200 MiB | {results['narration conform'].memory:.0f} MiB |")
    print("\n".join(lines))
    replace_section("following", lines)


if __name__ == "__main__":
    main()
