"""The proof bundle: everything that shows what a run did, in one folder.

`proof/<run id>/` holds the golden stories, the coverage in every format, what tests left in `.narration/proof/<kind>/`
(transcripts of streams, outputs of equal runs, metrics), the environment, checksums, and `index.html`.
"""

import hashlib
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import msgspec

from narration_ci.findings import CoverageError, Finding
from narration_ci.formats import write_all
from narration_ci.measure.measurement import Measurement, broken_links
from narration_ci.proof import metric_names
from narration_ci.proof.bundle import KINDS, Bundle, Part
from narration_ci.proof.environment import describe
from narration_ci.proof.page import render
from narration_core.nouns import counted

_INPUTS: Final = ".narration/proof"
_LEFT_BY_TESTS: Final = ("transcripts", "determinism", "metrics")
_STORIES: Final = "snapshots"
_LARGEST: Final = 8 * 1024 * 1024


def _files(folder: Path, pattern: str = "*") -> list[Path]:
    """Return the files below a folder, without links and without files over the limit."""
    return [
        path
        for path in (sorted(folder.rglob(pattern)) if folder.is_dir() else ())
        if path.is_file() and not path.is_symlink() and path.stat().st_size <= _LARGEST
    ]


def _copy(files: Iterable[Path], source: Path, target: Path) -> list[Path]:
    copied = []
    for path in files:
        to = target / path.relative_to(source)
        to.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, to)
        copied.append(to)
    return copied


def _metrics(folder: Path, files: Iterable[Path]) -> tuple[list[Path], str, list[Finding]]:
    """Check the names in saved metrics and write a report beside them."""
    lines, findings, count = [], [], 0
    for file in files:
        names, wrong = metric_names.check(file.read_text("utf-8", errors="replace"), file.name)
        lines += [f"{file.name}: {len(names)} metrics, {len(wrong) or 'no'} mistakes", *(f"  {name}" for name in names)]
        findings += wrong
        count += len(names)
    if not lines:
        return [], "", []
    report = folder / "names.txt"
    report.write_text("\n".join([*lines, *map(str, findings)]) + "\n", "utf-8")
    return [report], f"The names of {count} metrics were checked: {len(findings) or 'no'} mistakes.", findings


def _determinism(files: Iterable[Path]) -> tuple[str, list[Finding]]:
    """Compare files `<name>.1.<suffix>`, `<name>.2.<suffix>` ..., which hold the outputs of equal runs."""
    groups: dict[str, list[Path]] = {}
    for file in files:
        stem, _, number = file.stem.rpartition(".")
        if stem and number.isdigit():
            groups.setdefault(f"{file.parent}/{stem}{file.suffix}", []).append(file)
    findings = []
    for runs in groups.values():
        first, *others = runs
        findings += [
            Finding(
                "not-equal",
                other.name,
                f"differs from {first.name}",
                "equal seeds must give equal token ids on one device",
            )
            for other in others
            if other.read_bytes() != first.read_bytes()
        ]
        if not others:
            findings.append(
                Finding(
                    "not-equal",
                    first.name,
                    "has no second run",
                    "one run shows nothing about determinism; save the output of another",
                )
            )
    found = "equal, byte for byte" if not findings else "not all equal"
    return f"The outputs of {counted(len(groups), 'repeated run')} were compared: {found}." if groups else "", findings


def _checksums(folder: Path) -> None:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    lines = (
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(folder).as_posix()}\n" for path in files
    )
    (folder / "SHA256SUMS").write_text("".join(lines), "utf-8")


def gather(measurement: Measurement, output: Path, required: Sequence[str] = ()) -> Bundle:
    """Write the bundle of the last run and return what is in it.

    Args:
        measurement: the project.
        output: the folder of all bundles; that of this run is replaced.
        required: kinds without which the bundle is incomplete.

    Raises:
        CoverageError: a kind is unknown, or the bundle cannot be written.
    """
    unknown = sorted(set(required) - KINDS.keys())
    if unknown:
        raise CoverageError(f"{unknown[0]!r} is not a kind of proof; the kinds are {', '.join(KINDS)}")
    folder = output / measurement.coverage.run_id
    try:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        bundle = _write(measurement, folder, required)
        (folder / "index.html").write_text(render(measurement, bundle), "utf-8")
        _checksums(folder)
    except OSError as error:
        raise CoverageError(f"{error.filename or folder}: cannot be written: {error.strerror}") from None
    return bundle


def _write(measurement: Measurement, folder: Path, required: Sequence[str]) -> Bundle:
    stories = measurement.root / _STORIES
    found = {"stories": _copy(_files(stories, "*.story"), stories, folder / "stories")}
    older: dict[str, int] = {}
    for kind in _LEFT_BY_TESTS:
        source = measurement.root / _INPUTS / kind
        present = _files(source)
        # Files of an earlier run show nothing about this one.
        ours = [path for path in present if measurement.records.run.began_before(path)]
        older[kind] = len(present) - len(ours)
        found[kind] = _copy(ours, source, folder / kind)
    found["coverage"] = [folder / "coverage" / name for name in write_all(measurement, folder / "coverage")]
    found["environment"] = [folder / "environment.json"]
    plain = msgspec.json.format(msgspec.json.encode(describe(measurement.root)), indent=2)
    found["environment"][0].write_bytes(plain + b"\n")
    report, names_note, findings = _metrics(folder / "metrics", found["metrics"])
    found["metrics"] += report
    runs_note, unequal = _determinism(found["determinism"])
    notes = {"metrics": names_note, "determinism": runs_note}
    findings += unequal
    verdict = measurement.verdict
    findings += verdict.findings if verdict else broken_links(measurement.root, measurement.records)
    for kind in required:
        if not found[kind]:
            why = f"tests leave it in {_INPUTS}/{kind}/" if kind in _LEFT_BY_TESTS else f"they are in {_STORIES}/"
            stale = f"; the {older[kind]} files there are of an earlier run" if older.get(kind) else ""
            findings.append(Finding("missing-proof", kind, "missing from the proof bundle", f"{why}{stale}"))
    parts = (
        Part(kind, tuple(path.relative_to(folder).as_posix() for path in found[kind]), notes.get(kind, ""))
        for kind in KINDS
    )
    return Bundle(folder, tuple(parts), tuple(findings))
