"""`narration mutants`: would the tests notice? A mutant is one point gone wrong; the tests that hear it are rerun."""

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
from narration_ci.faults import CoverageError
from narration_ci.measure.coverage import PointCoverage
from narration_ci.measure.project import Measured
from narration_ci.mutation.edits import Operator, mutated, sites
from narration_ci.source.files import read_project

Outcome = Literal["killed", "survived", "timeout", "broken", "late"]
_LEFT_BEHIND: Final = shutil.ignore_patterns(
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
# What a pytest around us says of itself; the user's own settings (PYTEST_ADDOPTS, PYTEST_PLUGINS) stay.
_OF_ANOTHER_RUN: Final = ("PYTEST_CURRENT_TEST", "PYTEST_VERSION", "PYTEST_XDIST_")


class Mutant(NamedTuple):
    """One point gone wrong in one way.

    Attributes:
        one: the point and who hears it.
        operator: what goes wrong.
        source: the text of its file then.
        tests: who is asked whether they notice, those that assert it first.
    """

    one: PointCoverage
    operator: Operator
    source: bytes
    tests: tuple[str, ...]


class Result(msgspec.Struct, frozen=True):
    """What became of a mutant.

    Attributes:
        key: of its point.
        place: `path:line` of its point.
        operator: what went wrong.
        outcome: "killed" or "timeout" when the tests noticed, "survived" when not, "broken" when nothing could be run,
            "late" when there was no time left to ask.
        tests: how many tests were asked.
        said: of a run that broke, which test failed or the last line.
    """

    key: str
    place: str
    operator: Operator
    outcome: Outcome
    tests: int
    said: str = ""

    @property
    def noticed(self) -> bool:
        """Whether the tests noticed."""
        return self.outcome in ("killed", "timeout")


class Score(NamedTuple):
    """How many mutants the tests noticed; compared as whole numbers, never rounded."""

    noticed: int
    all: int

    def reaches(self, percent: int) -> bool:
        """Tell whether at least so many percent were noticed."""
        return self.noticed * 100 >= percent * self.all


def score(results: Iterable[Result]) -> Score:
    """Return how many mutants the tests noticed; those that nobody could be asked about say nothing."""
    counted = [result for result in results if result.outcome not in ("broken", "late")]
    return Score(sum(result.noticed for result in counted), len(counted))


def _with_id(measured: Measured) -> frozenset[str]:
    """Return the locations of points that were heard with a correlation id."""
    every = (event for record in measured.records.tests for event in record.events)
    return frozenset(event.point for event in every if event.point and event.correlation_id)


def plan(measured: Measured, operators: Sequence[Operator], keys: Iterable[str] | None = None) -> list[Mutant]:
    """Return the mutants of every point that a passing test hears.

    Args:
        measured: the project.
        operators: what is to go wrong.
        keys: only these points.

    Raises:
        CoverageError: a key is no point.
    """
    wanted = None if keys is None else set(keys)
    unknown = sorted((wanted or set()) - {one.point.key for one in measured.coverage.points})
    if unknown:
        raise CoverageError(
            f"{unknown[0]}: is no declared point; `narration coverage report --format json` lists the keys"
        )
    failed = {record.test for record in measured.records.tests if record.outcome != "passed"}
    found = sites(
        read_project(measured.root, source_files(measured.root, measured.settings)),
        lambda path: (measured.root / path).read_bytes(),
    )
    carrying = {location.removeprefix(f"{measured.root}/") for location in _with_id(measured)}
    mutants = []
    for one in measured.coverage.points:
        tests = tuple(test for test in dict.fromkeys((*one.asserted_by, *one.emitted_by)) if test not in failed)
        if (wanted is not None and one.point.key not in wanted) or not tests:
            continue
        for operator in operators:
            if operator == "correlation" and one.point.location not in carrying:
                continue  # it has none to lose
            source = mutated(found[one.point.location], operator)
            if source is not None:
                mutants.append(Mutant(one, operator, source, tests))
    return mutants


@contextmanager
def _copies(root: Path, number: int) -> Iterator[list[Path]]:
    with tempfile.TemporaryDirectory(prefix="narration-mutants-") as folder:
        made = [Path(folder) / f"copy{place}" for place in range(number)]
        for copy in made:
            shutil.copytree(root, copy, ignore=_LEFT_BEHIND, symlinks=True)
        yield made


def _run(copy: Path, tests: Sequence[str], timeout_s: float) -> tuple[int | None, str]:
    """Run tests in a copy; return pytest's exit code (None: timeout), and which test failed or what was said last."""
    told = {name: value for name, value in os.environ.items() if not name.startswith(_OF_ANOTHER_RUN)}
    path = os.pathsep.join(filter(None, (str(copy), os.environ.get("PYTHONPATH"))))
    # Bytecode of the unmutated file must not be taken for that of the mutated one.
    environment = {**told, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}
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
        said, _ = process.communicate(timeout=timeout_s)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, 9)  # its own session, so children that the tests started go too
        process.communicate()
        return None, "timeout"
    lines = said.strip().splitlines()
    named = (line for line in reversed(lines) if line.startswith(("FAILED ", "ERROR ")))
    return process.returncode, next(named, lines[-1] if lines else "")


def _result(mutant: Mutant, outcome: Outcome, said: str = "") -> Result:
    point = mutant.one.point
    return Result(point.key, point.place, mutant.operator, outcome, len(mutant.tests), said)


def _judge(mutant: Mutant, copy: Path, timeout_s: float) -> Result:
    file = copy / mutant.one.point.path
    before = file.read_bytes()
    try:
        file.write_bytes(mutant.source)
        code, said = _run(copy, mutant.tests, timeout_s)
    finally:
        file.write_bytes(before)
    outcomes: dict[int | None, Outcome] = {None: "timeout", 0: "survived", _TESTS_FAILED: "killed"}
    outcome = outcomes.get(code, "broken")
    return _result(mutant, outcome, said if outcome == "broken" else "")


def run(
    measured: Measured,
    mutants: Sequence[Mutant],
    *,
    jobs: int = 1,
    timeout_s: float = 120.0,
    within_s: float = math.inf,
    tell: Callable[[Result], None] = lambda _: None,
) -> list[Result]:
    """Let the tests look at every mutant, in copies of the project.

    Args:
        measured: the project.
        mutants: from `plan`.
        jobs: how many at a time.
        timeout_s: longest run of one mutant, in seconds.
        within_s: how long new mutants are begun, in seconds.
        tell: called with each result as it comes.

    Raises:
        CoverageError: the tests fail without any mutation.
    """
    if not mutants:
        return []
    until = time.monotonic() + within_s
    lock = threading.Lock()
    with _copies(measured.root, min(jobs, len(mutants))) as copies:
        tests = sorted({test for mutant in mutants for test in mutant.tests})
        code, said = _run(copies[0], tests, timeout_s * 10)
        if code != 0:
            raise CoverageError(
                f"the tests fail in a copy of the project without any mutation ({said}): make them pass first"
            )
        free: SimpleQueue[Path] = SimpleQueue()
        for copy in copies:
            free.put(copy)

        def one(mutant: Mutant) -> Result:
            copy = free.get()
            try:
                late = time.monotonic() > until
                result = _result(mutant, "late") if late else _judge(mutant, copy, timeout_s)
            finally:
                free.put(copy)
            with lock:
                tell(result)
            return result

        with ThreadPoolExecutor(len(copies)) as pool:
            return list(pool.map(one, mutants))
