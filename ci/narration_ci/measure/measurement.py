"""Measuring a project: from its folder to its coverage and the answer of the gate."""

from pathlib import Path

import msgspec

from narration_ci.config import Settings, read_link_settings, read_settings, source_files
from narration_ci.findings import Finding
from narration_ci.git import file_at
from narration_ci.measure.baseline import Baseline, parse, read_baseline
from narration_ci.measure.coverage import Coverage, measure
from narration_ci.measure.gate import Verdict, judge, loosened
from narration_ci.measure.links import check_scenarios
from narration_ci.measure.records import Records, read_records
from narration_ci.source.files import read_project
from narration_ci.source.points import declared


class Measurement(msgspec.Struct, frozen=True):
    """The coverage of a project.

    Attributes:
        root: the project's folder.
        settings: of its `pyproject.toml`.
        records: of the run.
        coverage: of the run.
        baseline: what it is held to; None if there is no file yet.
        verdict: the answer of the gate; None without a baseline.
    """

    root: Path
    settings: Settings
    records: Records
    coverage: Coverage
    baseline: Baseline | None
    verdict: Verdict | None


def find_root(start: Path) -> Path:
    """Return the project that a folder belongs to: the nearest folder above with a `pyproject.toml`, or itself."""
    return next((folder for folder in (start, *start.parents) if (folder / "pyproject.toml").is_file()), start)


def baseline_at(root: Path, settings: Settings, commit: str) -> Baseline | None:
    """Return the baseline of another commit; None if it had none.

    Args:
        root: the project's folder.
        settings: where the baseline is.
        commit: a commit, branch or tag.

    Raises:
        CoverageError: the commit does not exist, or its baseline cannot be read.
    """
    text = file_at(root, commit, settings.baseline)
    return parse(text, f"{commit}:{settings.baseline}") if text is not None else None


def measure_project(
    root: Path,
    settings: Settings | None = None,
    *,
    exact: bool = False,
    needs_baseline: bool = False,
    against: str | None = None,
) -> Measurement:
    """Return the coverage of a project's last run.

    Args:
        root: the project's folder.
        settings: where things are; by default those of its `pyproject.toml`.
        exact: also fail on a baseline that asks for less than there is.
        needs_baseline: fail without one.
        against: a commit; also fail on a baseline that asks for less than the one there.

    Raises:
        CoverageError: source, records or baseline are missing or unreadable.
    """
    chosen = settings or read_settings(root)
    files = source_files(root, chosen)
    records = read_records(root / chosen.records)
    coverage = measure(declared(read_project(root, files)), records, root, files)
    path = root / chosen.baseline
    baseline = read_baseline(path) if needs_baseline or path.exists() else None
    more = broken_links(root, records)
    base = baseline_at(root, chosen, against) if against and baseline else None
    if base and baseline:
        more += loosened(baseline, base, coverage.identities, chosen.baseline)
    verdict = judge(coverage, baseline, others=more, exact=exact) if baseline else None
    return Measurement(root, chosen, records, coverage, baseline, verdict)


def broken_links(root: Path, records: Records) -> list[Finding]:
    """Return the broken links of the tests of a run, by the project's own settings.

    Args:
        root: the project's folder.
        records: of the run.

    Raises:
        CoverageError: a setting is unknown or of the wrong type.
    """
    links = read_link_settings(root)
    return check_scenarios(records.tests, links.edges, links.exempt)
