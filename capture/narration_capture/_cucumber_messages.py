"""Cucumber Messages (NDJSON): what ran, step by step, each event attached to its step.

Every process records how its scenarios went; the controller joins the records to one stream of messages, so that a
run under xdist reports as much as a serial one.
"""

import json
import platform
import shutil
from collections.abc import Iterator
from importlib.metadata import version
from itertools import count
from pathlib import Path
from typing import Any, Final

from gherkin.stream.id_generator import IdGenerator

from narration_capture._feature_file import read
from narration_capture._scenario_run import ScenarioRun
from narration_core import formatted

PROTOCOL: Final = "34.2.0"
PARTS: Final = Path(".narration") / "messages"
LOG: Final = "text/x.cucumber.log+plain"
_SECOND: Final = 1_000_000_000

Message = dict[str, Any]


class Part:
    """The scenarios of one process and how they went, a line each.

    Args:
        folder: the session's root folder.
        process: the name of the process.
    """

    def __init__(self, folder: Path, process: str) -> None:
        self._path = folder / PARTS / f"{process}.jsonl"

    def write(self, run: ScenarioRun, started_ms: int) -> None:
        """Record how a scenario went.

        Args:
            run: the scenario.
            started_ms: when it began, in milliseconds since the epoch.
        """
        by_step: dict[int, list[str]] = {}
        for captured in run.narration.captured:
            index = captured.step.position if captured.step is not None else 0
            by_step.setdefault(min(index, len(run.steps) - 1), []).append(formatted(captured.event))
        steps = [
            {
                "outcome": step.outcome,
                "duration_ns": step.duration_ns,
                "message": step.message,
                "events": by_step.get(step.step.position, []),
            }
            for step in run.all_steps()
        ]
        line = {
            "feature": run.path,
            "line": run.scenario.line_number,
            "row": run.row,
            "at": started_ms,
            "steps": steps,
        }
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line, ensure_ascii=False) + "\n")


def clear(root: Path) -> None:
    """Delete the records of an earlier run."""
    shutil.rmtree(root / PARTS, ignore_errors=True)


def assemble(root: Path, target: Path, *, success: bool) -> None:
    """Join the records of every process to one stream of messages.

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


def _messages(root: Path, runs: list[Message], *, success: bool) -> Iterator[Message]:
    number = count(1)
    ids = IdGenerator()
    documents = {uri: read(root / uri, uri, ids) for uri in dict.fromkeys(run["feature"] for run in runs)}
    began = min((run["at"] for run in runs), default=0)
    run_id = "run"
    yield {"meta": _meta()}
    for uri, document in documents.items():
        yield {"source": {"uri": uri, "data": document.text, "mediaType": "text/x.cucumber.gherkin+plain"}}
        yield {"gherkinDocument": document.document}
        for scenario in document.scenarios:
            for case in scenario.cases:
                yield {"pickle": case.pickle}
    yield {"testRunStarted": {"id": run_id, "timestamp": _stamp(began)}}
    cases = {
        (uri, scenario.line, case.row): case.pickle
        for uri, document in documents.items()
        for scenario in document.scenarios
        for case in scenario.cases
    }
    ended = began
    for run in runs:
        pickle = cases[run["feature"], run["line"], run["row"]]
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
    for step, result_of in zip(steps, run["steps"], strict=True):
        at = {"testCaseStartedId": started, "testStepId": step["id"]}
        yield {"testStepStarted": {**at, "timestamp": _stamp(now)}}
        for line in result_of["events"]:
            yield {"attachment": {**at, "body": line, "contentEncoding": "IDENTITY", "mediaType": LOG}}
        now += result_of["duration_ns"] / 1_000_000
        result: Message = {"duration": _span(result_of["duration_ns"]), "status": result_of["outcome"].upper()}
        if result_of["message"]:
            result["message"] = result_of["message"]
        yield {"testStepFinished": {**at, "testStepResult": result, "timestamp": _stamp(now)}}
    yield {"testCaseFinished": {"testCaseStartedId": started, "timestamp": _stamp(now), "willBeRetried": False}}
