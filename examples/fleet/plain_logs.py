"""What the fleet's logs would be without narration, and how somebody looks for a cause in them.

A plain log has the same sentences at the same times: one file for each process, a time, a level and a name on each
line, as `logging` writes them. It has what the line itself knows, also the thing that it is about, and lacks only what
narration adds from the scope: the ids that link lines of different processes.

The search is the one that a person who knows the fleet well would do, and it is kind to plain logs: it knows which
service listens on which port, looks at one log at a time, first for the task's id, then at the time in question, goes
on to the services that the conspicuous lines name, or else to all that are named, and stops at once when the line with
the cause has been read, as if that line said that it belongs to the task.
"""

import re
import subprocess
from collections import defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from narration_core import Event

_CONSPICUOUS: Final = re.compile(r" (?:WARN|ERROR|FATAL) | answered [45]\d\d ")
_OVER: Final = re.compile(r"the task up|Answered the task")
_LINES_OF_A_SENTENCE: Final = 4


class Effort:
    """What a search took.

    Attributes:
        commands: those that were typed, in order.
        lines: how many lines were read, up to the one with the cause.
        found: whether that one was read.

    Args:
        cause: a piece of the sentence that tells the cause.
    """

    def __init__(self, cause: str) -> None:
        self.commands: list[str] = []
        self.lines = 0
        self.found = False
        self._cause = cause

    def read(self, shown: str, command: Sequence[str | Path]) -> list[str]:
        """Run a command and read what it prints, up to the cause; return that.

        Args:
            shown: how it is typed.
            command: its arguments.
        """
        self.commands.append(shown)
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - made here
        lines = done.stdout.splitlines()
        for number in range(1, len(lines) + 1):
            self.lines += 1
            # A sentence may take several lines of a console.
            if self._cause in " ".join(" ".join(lines[max(0, number - _LINES_OF_A_SENTENCE) : number]).split()):
                self.found = True
                return lines[:number]
        return lines


def write_plain_logs(events: Iterable[Event], folder: Path) -> None:
    """Write the plain log of each process.

    Args:
        events: what all of them narrated.
        folder: where the logs are written.
    """
    logs: dict[str, list[str]] = defaultdict(list)
    for event in events:
        when = datetime.fromtimestamp((event.emitted_at_ms or 0) / 1000, UTC).isoformat(timespec="milliseconds")
        human, target, level = event.human or "", event.target or "", event.level or "info"
        about = "" if target in human else f" ({target})"
        line = f"{when} {level.upper():<5} {event.actor}: {human}{about}"
        logs[str(event.get("worker_id") or event.actor)].append(line)
    for name, lines in logs.items():
        (folder / f"{name}.log").write_text("\n".join([*sorted(lines), ""]), "utf-8")


def search(folder: Path, job_id: str, cause: str, *, first: str, ports: Mapping[str, str]) -> Effort:
    """Look for a cause in plain logs; return what it took.

    Args:
        folder: where the logs are.
        job_id: all that is known in the beginning.
        cause: a piece of the sentence that tells it.
        first: the service that the user talked to.
        ports: which service listens on which port.
    """
    effort = Effort(cause)
    hits = effort.read(f"grep {job_id} {first}.log", ["grep", job_id, folder / f"{first}.log"])
    if effort.found or not hits:
        return effort
    begin = hits[0].split()[0]
    over = [line for line in hits if _OVER.search(line)]
    end = over[-1].split()[0] if over else "9"  # after every time
    names = {path.stem: path for path in sorted(folder.glob("*.log"))}
    seen, waiting = {first}, deque([first])
    while waiting and not effort.found:
        name = waiting.popleft()
        program = f'$1 >= "{begin}" && $1 <= "{end}"'
        lines = effort.read(f"awk '{program}' {name}.log", ["awk", program, names[name]])
        conspicuous = [line for line in lines if _CONSPICUOUS.search(line)]
        for named in _named([*conspicuous, *lines], names, ports):
            if named not in seen:
                seen.add(named)
                waiting.append(named)
    return effort


def _named(lines: Iterable[str], names: Iterable[str], ports: Mapping[str, str]) -> list[str]:
    """Return the logs whose service is named in lines, by its name or its port, in the order in which they appear."""
    found: list[str] = []
    for line in lines:
        found += [name for name in names if re.search(rf"\b{re.escape(name)}\b", line.partition(": ")[2])]
        found += [service for port, service in ports.items() if f":{port}/" in line and service in set(names)]
    return found
