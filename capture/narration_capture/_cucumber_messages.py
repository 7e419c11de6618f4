"""Cucumber Messages (NDJSON): what ran, step by step, each event attached to its step.

Every process writes down how its scenarios went; the controller makes one stream of messages of it, so that a
run under xdist says as much as a serial one.
"""

import json
import platform
import shutil
from collections.abc import Iterable, Iterator
from importlib.metadata import version
from itertools import count
from pathlib import Path
from typing import Any, Final

from gherkin.ast_builder import AstBuilder
from gherkin.parser import Parser
from gherkin.pickles.compiler import Compiler
from gherkin.stream.id_generator import IdGenerator

from narration_capture._compat import ENCODING
from narration_capture._scenario_run import ScenarioRun
from narration_core import formatted

PROTOCOL: Final = "34.2.0"
PARTS: Final = Path(".narration") / "messages"
LOG: Final = "text/x.cucumber.log+plain"
_SECOND: Final = 1_000_000_000

Message = dict[str, Any]


class Part:
    """How the scenarios of one process went, a line each.

    Args:
        folder: the session's root folder.
        process: what the process is called.
    """

    def __init__(self, folder: Path, process: str) -> None:
        self._path = folder / PARTS / f"{process}.jsonl"

    def write(self, run: ScenarioRun, row: Iterable[str], started_ms: int) -> None:
        """Write how a scenario went.

        Args:
            run: the scenario.
            row: the values of its row of examples.
            started_ms: when it began, in milliseconds since the epoch.
        """
        told: dict[int, list[str]] = {}
        for one in run.ear.heard:
            place = one.step.place if one.step is not None else 0
            told.setdefault(min(place, len(run.steps) - 1), []).append(formatted(one.event))
        steps = [
            {
                "outcome": step.outcome,
                "duration_ns": step.duration_ns,
                "message": step.message,
                "events": told.get(step.step.place, []),
            }
            for step in run.all_steps()
        ]
        line = {
            "feature": run.path,
            "line": run.scenario.line_number,
            "row": list(row),
            "at": started_ms,
            "steps": steps,
        }
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line, ensure_ascii=False) + "\n")


def clear(root: Path) -> None:
    """Forget the parts of an earlier run."""
    shutil.rmtree(root / PARTS, ignore_errors=True)


def assemble(root: Path, target: Path, *, success: bool) -> None:
    """Make one stream of messages of what every process wrote.

    Args:
        root: the session's root folder.
        target: the file of messages.
        success: whether the run passed.
    """
    folder = root / PARTS
    parts = sorted(folder.glob("*.jsonl")) if folder.is_dir() else []
    runs = [json.loads(line) for part in parts for line in part.read_text("utf-8").splitlines()]
    runs.sort(key=lambda run: (run["feature"], run["line"], run["at"]))
    target.parent.mkdir(parents=True, exist_ok=True)
    lines = [json.dumps(message, ensure_ascii=False) for message in _messages(root, runs, success=success)]
    target.write_text("\n".join(lines) + "\n", "utf-8")


def _stamp(milliseconds: float) -> Message:
    return _span(int(milliseconds * 1_000_000))


def _span(nanoseconds: int) -> Message:
    return {"seconds": nanoseconds // _SECOND, "nanos": nanoseconds % _SECOND}


def _meta() -> Message:
    return {
        "protocolVersion": PROTOCOL,
        "implementation": {"name": "narration", "version": version("narration-core")},
        "runtime": {"name": platform.python_implementation(), "version": platform.python_version()},
        "os": {"name": platform.system(), "version": platform.release()},
        "cpu": {"name": platform.machine()},
    }


class _Document:
    """A feature file, its pickles, and which pickle a test is."""

    def __init__(self, path: Path, uri: str, ids: IdGenerator) -> None:
        self.source = path.read_text(ENCODING)
        parsed: Any = Parser(AstBuilder(ids)).parse(self.source)
        self.tree: Message = {**parsed, "uri": uri}
        compiled: Any = Compiler(ids).compile(self.tree)  # type: ignore[arg-type]  # the type's own optional keys
        self.pickles: list[Message] = list(compiled)
        self._by_nodes = {tuple(pickle["astNodeIds"]): pickle for pickle in self.pickles}
        self._nodes: dict[tuple[int, tuple[str, ...]], tuple[str, ...]] = {}
        for child in self.tree["feature"]["children"]:
            for inner in child.get("rule", {}).get("children", [child]):
                if "scenario" in inner:
                    self._index(inner["scenario"])

    def _index(self, scenario: Message) -> None:
        line = scenario["location"]["line"]
        self._nodes[line, ()] = (scenario["id"],)
        for table in scenario["examples"]:
            for row in table.get("tableBody", []):
                values = tuple(cell["value"] for cell in row["cells"])
                self._nodes[line, values] = (scenario["id"], row["id"])

    def pickle(self, line: int, row: tuple[str, ...]) -> Message:
        """Return the pickle of a scenario's row."""
        return self._by_nodes[self._nodes[line, row]]


def _messages(root: Path, runs: list[Message], *, success: bool) -> Iterator[Message]:
    number = count(1)
    ids = IdGenerator()
    documents = {uri: _Document(root / uri, uri, ids) for uri in dict.fromkeys(run["feature"] for run in runs)}
    began = min((run["at"] for run in runs), default=0)
    run_id = "run"
    yield {"meta": _meta()}
    for uri, document in documents.items():
        yield {"source": {"uri": uri, "data": document.source, "mediaType": "text/x.cucumber.gherkin+plain"}}
        yield {"gherkinDocument": document.tree}
        for pickle in document.pickles:
            yield {"pickle": pickle}
    yield {"testRunStarted": {"id": run_id, "timestamp": _stamp(began)}}
    ended = began
    for run in runs:
        pickle = documents[run["feature"]].pickle(run["line"], tuple(run["row"]))
        yield from _case(run, pickle, run_id, f"case-{next(number)}")
        ended = max(ended, _end(run))
    finished = {"success": success, "timestamp": _stamp(ended), "testRunStartedId": run_id}
    yield {"testRunFinished": finished}


def _end(run: Message) -> float:
    return float(run["at"] + sum(step["duration_ns"] for step in run["steps"]) / 1_000_000)


def _case(run: Message, pickle: Message, run_id: str, case: str) -> Iterator[Message]:
    steps = [
        {"id": f"{case}-step-{place}", "pickleStepId": step["id"], "stepDefinitionIds": []}
        for place, step in enumerate(pickle["steps"])
    ]
    started = f"{case}-attempt"
    yield {"testCase": {"id": case, "pickleId": pickle["id"], "testSteps": steps, "testRunStartedId": run_id}}
    now = float(run["at"])
    yield {"testCaseStarted": {"attempt": 0, "id": started, "testCaseId": case, "timestamp": _stamp(now)}}
    for step, told in zip(steps, run["steps"], strict=True):
        at = {"testCaseStartedId": started, "testStepId": step["id"]}
        yield {"testStepStarted": {**at, "timestamp": _stamp(now)}}
        for line in told["events"]:
            yield {"attachment": {**at, "body": line, "contentEncoding": "IDENTITY", "mediaType": LOG}}
        now += told["duration_ns"] / 1_000_000
        result: Message = {"duration": _span(told["duration_ns"]), "status": told["outcome"].upper()}
        if told["message"]:
            result["message"] = told["message"]
        yield {"testStepFinished": {**at, "testStepResult": result, "timestamp": _stamp(now)}}
    yield {"testCaseFinished": {"testCaseStartedId": started, "timestamp": _stamp(now), "willBeRetried": False}}
