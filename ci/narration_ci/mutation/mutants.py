"""`narration mutants`: would the tests notice? A mutant is one broken point; the tests that reach it are run again."""

import math
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from queue import SimpleQueue
from typing import Final, Literal, NamedTuple

import msgspec

from narration_ci.config import source_files
from narration_ci.findings import CoverageError
from narration_ci.measure.coverage import PointCoverage
from narration_ci.measure.measurement import Measurement
from narration_ci.mutation.edits import Operator, mutated, sites
from narration_ci.source.files import read_project

Outcome = Literal["killed", "survived", "timeout", "broken", "late"]
_NOT_COPIED: Final = shutil.ignore_patterns(
    ".git",
    ".venv",
    ".narration",
    ".*_cache",
    ".hypothesis",
    "__pycache__",
    "*.egg-info",
    "node_modules",
    "proof",
    "build",
)
_TESTS_FAILED: Final = 1
# Set by a pytest that runs this one; the user's own settings (PYTEST_ADDOPTS, PYTEST_PLUGINS) stay.
_OF_ANOTHER_RUN: Final = ("PYTEST_CURRENT_TEST", "PYTEST_VERSION", "PYTEST_XDIST_")


class Mutant(NamedTuple):
    """One point, broken in one way.

    Attributes:
        entry: the point and the tests that reach it.
        operator: the kind of mutation.
        source: its file, mutated.
        tests: the tests to run, those that assert the point first.
    """

    entry: PointCoverage
    operator: Operator
    source: bytes
    tests: tuple[str, ...]


class Result(msgspec.Struct, frozen=True):
    """The outcome of one mutant.

    Attributes:
        key: of its point.
        place: `path:line` of its point.
        operator: the kind of mutation.
        outcome: "killed" or "timeout" if a test noticed, "survived" if none did, "broken" if the tests could not run,
            "late" if there was no time left.
        tests: how many tests were run.
        message: for "broken", the test that failed or the last line of output.
    """

    key: str
    place: str
    operator: Operator
    outcome: Outcome
    tests: int
    message: str = ""

    @property
    def killed(self) -> bool:
        """Whether the tests noticed."""
        return self.outcome in ("killed", "timeout")


class Score(NamedTuple):
    """How many mutants were killed; compared as whole numbers, never rounded."""

    killed: int
    all: int

    def reaches(self, percent: int) -> bool:
        """Tell whether at least so many percent were killed."""
        return self.killed * 100 >= percent * self.all


def score(results: Iterable[Result]) -> Score:
    """Return how many mutants were killed; those that could not be run do not count."""
    counted = [result for result in results if result.outcome not in ("broken", "late")]
    return Score(sum(result.killed for result in counted), len(counted))


def plan(measurement: Measurement, operators: Sequence[Operator], keys: Iterable[str] | None = None) -> list[Mutant]:
    """Return the mutants of every point that a passing test reaches.

    Args:
        measurement: of the project.
        operators: the kinds of mutation.
        keys: only these points.

    Raises:
        CoverageError: a key is not a declared point.
    """
    wanted = None if keys is None else set(keys)
    unknown = sorted((wanted or set()) - {entry.point.key for entry in measurement.coverage.points})
    if unknown:
        raise CoverageError(
            f"{unknown[0]}: is not a declared point; `narration coverage report --format json` lists the keys"
        )
    failed = {record.test for record in measurement.records.tests if record.outcome != "passed"}
    found = sites(
        read_project(measurement.root, source_files(measurement.root, measurement.settings)),
        lambda path: (measurement.root / path).read_bytes(),
    )
    mutants = []
    for entry in measurement.coverage.points:
        tests = tuple(test for test in dict.fromkeys((*entry.asserted_by, *entry.emitted_by)) if test not in failed)
        if (wanted is not None and entry.point.key not in wanted) or not tests:
            continue
        for operator in operators:
            if operator == "correlation" and not entry.correlated:
                continue  # it has none to lose
            source = mutated(found[entry.point.location], operator)
            if source is not None:
                mutants.append(Mutant(entry, operator, source, tests))
    return mutants


@contextmanager
def _copies(root: Path, number: int) -> Iterator[list[Path]]:
    with tempfile.TemporaryDirectory(prefix="narration-mutants-") as folder:
        copies = [Path(folder) / f"copy{place}" for place in range(number)]
        for copy in copies:
            shutil.copytree(root, copy, ignore=_NOT_COPIED, symlinks=True)
        yield copies


def _run(copy: Path, tests: Sequence[str], timeout_s: float) -> tuple[int | None, str]:
    """Run tests in a copy; return pytest's exit code (None: timeout) and the failed test or the last line of output."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(_OF_ANOTHER_RUN)}
    path = os.pathsep.join(filter(None, (str(copy), os.environ.get("PYTHONPATH"))))
    # Bytecode of the original file must not be used for the mutated one.
    environment = {**inherited, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "--no-header", *tests]
    process = subprocess.Popen(  # noqa: S603 - the project's own tests
        command,
        cwd=copy,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    try:
        output, _ = process.communicate(timeout=timeout_s)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, 9)  # its own session: child processes of the tests end too
        process.communicate()
        return None, "timeout"
    lines = output.strip().splitlines()
    named = (line for line in reversed(lines) if line.startswith(("FAILED ", "ERROR ")))
    return process.returncode, next(named, lines[-1] if lines else "")


def _result(mutant: Mutant, outcome: Outcome, message: str = "") -> Result:
    point = mutant.entry.point
    return Result(point.key, point.place, mutant.operator, outcome, len(mutant.tests), message)


def _judge(mutant: Mutant, copy: Path, timeout_s: float) -> Result:
    file = copy / mutant.entry.point.path
    before = file.read_bytes()
    try:
        file.write_bytes(mutant.source)
        code, message = _run(copy, mutant.tests, timeout_s)
    finally:
        file.write_bytes(before)
    outcomes: dict[int | None, Outcome] = {None: "timeout", 0: "survived", _TESTS_FAILED: "killed"}
    outcome = outcomes.get(code, "broken")
    return _result(mutant, outcome, message if outcome == "broken" else "")


def run(
    measurement: Measurement,
    mutants: Sequence[Mutant],
    *,
    jobs: int = 1,
    timeout_s: float = 120.0,
    within_s: float = math.inf,
    report: Callable[[Result], None] = lambda _: None,
) -> list[Result]:
    """Run the tests on every mutant, in copies of the project.

    Args:
        measurement: of the project.
        mutants: from `plan`.
        jobs: how many mutants at a time.
        timeout_s: longest run of one mutant, in seconds.
        within_s: start no mutant after this time, in seconds.
        report: called with each result as it comes.

    Raises:
        CoverageError: the tests fail without any mutation.
    """
    if not mutants:
        return []
    until = time.monotonic() + within_s
    lock = threading.Lock()
    with _copies(measurement.root, min(jobs, len(mutants))) as copies:
        tests = sorted({test for mutant in mutants for test in mutant.tests})
        code, message = _run(copies[0], tests, timeout_s * 10)
        if code != 0:
            raise CoverageError(
                f"the tests fail in a copy of the project without any mutation ({message}): make them pass first"
            )
        free: SimpleQueue[Path] = SimpleQueue()
        for copy in copies:
            free.put(copy)

        def judge(mutant: Mutant) -> Result:
            copy = free.get()
            try:
                late = time.monotonic() > until
                result = _result(mutant, "late") if late else _judge(mutant, copy, timeout_s)
            finally:
                free.put(copy)
            with lock:
                report(result)
            return result

        with ThreadPoolExecutor(len(copies)) as pool:
            return list(pool.map(judge, mutants))
