"""The proof bundle: everything that shows what a run did, in one folder that can be handed on.

`proof/<run id>/` holds the golden stories, the coverage in every format, what tests left in `.narration/proof/<kind>/`
(transcripts of streams, outputs of equal runs, metrics), the environment, checksums, and `index.html`.
"""

import hashlib
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import msgspec

from narration_ci.faults import CoverageError, Fault
from narration_ci.formats import write_all
from narration_ci.measure.gate import counted
from narration_ci.measure.links import check_scenarios
from narration_ci.measure.project import Measured
from narration_ci.proof import metric_names
from narration_ci.proof.bundle import KINDS, Bundle, Part
from narration_ci.proof.environment import describe
from narration_ci.proof.page import render

_INPUTS: Final = ".narration/proof"
_LEFT_BY_TESTS: Final = ("transcripts", "determinism", "metrics")
_STORIES: Final = "snapshots"
_LARGEST: Final = 8 * 1024 * 1024


def _files(folder: Path, pattern: str = "*") -> list[Path]:
    """Return the files below a folder; links are not followed, and giants stay where they are."""
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


def _metrics(folder: Path, files: Iterable[Path]) -> tuple[list[Path], str, list[Fault]]:
    """Check the names in saved metrics; the report stands beside them."""
    lines, faults, count = [], [], 0
    for file in files:
        names, wrong = metric_names.check(file.read_text("utf-8", errors="replace"), file.name)
        lines += [f"{file.name}: {len(names)} metrics, {len(wrong) or 'none'} wrong", *(f"  {name}" for name in names)]
        faults += wrong
        count += len(names)
    if not lines:
        return [], "", []
    report = folder / "names.txt"
    report.write_text("\n".join([*lines, *map(str, faults)]) + "\n", "utf-8")
    return [report], f"The names of {count} metrics were checked: {len(faults) or 'none'} wrong.", faults


def _determinism(files: Iterable[Path]) -> tuple[str, list[Fault]]:
    """Compare files `<name>.1.<suffix>`, `<name>.2.<suffix>` ..., which hold the outputs of equal runs."""
    groups: dict[str, list[Path]] = {}
    for file in files:
        stem, _, number = file.stem.rpartition(".")
        if stem and number.isdigit():
            groups.setdefault(f"{file.parent}/{stem}{file.suffix}", []).append(file)
    faults = []
    for runs in groups.values():
        first, *others = runs
        faults += [
            Fault(
                "not-equal",
                other.name,
                f"differs from {first.name}",
                "equal seeds must give equal token ids on one device",
            )
            for other in others
            if other.read_bytes() != first.read_bytes()
        ]
        if not others:
            faults.append(Fault("not-equal", first.name, "is alone", "one run proves nothing; save a second one"))
    found = "equal, byte for byte" if not faults else "not all equal"
    return f"The outputs of {counted(len(groups), 'repeated run')} were compared: {found}." if groups else "", faults


def _checksums(folder: Path) -> None:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    lines = (
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(folder).as_posix()}\n" for path in files
    )
    (folder / "SHA256SUMS").write_text("".join(lines), "utf-8")


def gather(measured: Measured, output: Path, required: Sequence[str] = ()) -> Bundle:
    """Write the bundle of the last run and return what is in it.

    Args:
        measured: the project.
        output: the folder of all bundles; that of this run is made anew.
        required: kinds without which the bundle proves too little.

    Raises:
        CoverageError: a kind is unknown, or the bundle cannot be written.
    """
    unknown = sorted(set(required) - KINDS.keys())
    if unknown:
        raise CoverageError(f"{unknown[0]!r} is no kind of proof; there are {', '.join(KINDS)}")
    folder = output / measured.coverage.run_id
    try:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        bundle = _write(measured, folder, required)
        (folder / "index.html").write_text(render(measured, bundle), "utf-8")
        _checksums(folder)
    except OSError as error:
        raise CoverageError(f"{error.filename or folder}: cannot be written: {error.strerror}") from None
    return bundle


def _write(measured: Measured, folder: Path, required: Sequence[str]) -> Bundle:
    stories = measured.root / _STORIES
    found = {"stories": _copy(_files(stories, "*.story"), stories, folder / "stories")}
    older: dict[str, int] = {}
    for kind in _LEFT_BY_TESTS:
        source = measured.root / _INPUTS / kind
        every = _files(source)
        # What an earlier run left proves nothing about this one.
        ours = [path for path in every if measured.records.run.began_before(path)]
        older[kind] = len(every) - len(ours)
        found[kind] = _copy(ours, source, folder / kind)
    found["coverage"] = [folder / "coverage" / name for name in write_all(measured, folder / "coverage")]
    found["environment"] = [folder / "environment.json"]
    plain = msgspec.json.format(msgspec.json.encode(describe(measured.root)), indent=2)
    found["environment"][0].write_bytes(plain + b"\n")
    report, of_names, faults = _metrics(folder / "metrics", found["metrics"])
    found["metrics"] += report
    of_runs, unequal = _determinism(found["determinism"])
    notes = {"metrics": of_names, "determinism": of_runs}
    faults += unequal
    faults += measured.verdict.faults if measured.verdict else check_scenarios(measured.records.tests)
    for kind in required:
        if not found[kind]:
            why = f"tests leave it in {_INPUTS}/{kind}/" if kind in _LEFT_BY_TESTS else f"they are in {_STORIES}/"
            stale = f"; what is there ({older[kind]} files) is of an earlier run" if older.get(kind) else ""
            faults.append(Fault("missing-proof", kind, "nothing was left for the proof bundle", f"{why}{stale}"))
    parts = (
        Part(kind, tuple(path.relative_to(folder).as_posix() for path in found[kind]), notes.get(kind, ""))
        for kind in KINDS
    )
    return Bundle(folder, tuple(parts), tuple(faults))
