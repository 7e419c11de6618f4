"""`narration story`, `why`, `tail` and `conform`: following a request through log files."""

import re
import shutil
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Final, NoReturn

import click
import msgspec

from narration_core._levels import EMITTING
from narration_core.following import _answer_text, _conform_text, _data, _export, _paint, _story_text, _wording
from narration_core.following._conform import conform as hold_against
from narration_core.following._filter import Filter
from narration_core.following._golden import Element, Golden, Goldens, read, symbol_of
from narration_core.following._log_files import NoLogsError, find
from narration_core.following._paint import Paint
from narration_core.following._scan import Counts
from narration_core.following._source import Files
from narration_core.following._story import Story, follow
from narration_core.following._story_text import View, complaints, searched
from narration_core.following._tail import Tail, last_lines
from narration_core.following._why import why as answer_of

FOUND, NONE, USAGE, UNREADABLE = 0, 1, 2, 3
"""Exit codes: found; nothing found; the command is wrong; found, but some lines or files could not be read."""

_POLL_S: Final = 0.1
_LONGEST_ID: Final = 256
_UNITS: Final = {"ms": 1, "s": 1000, "m": 60_000, "min": 60_000, "h": 3_600_000, "d": 86_400_000}
_DURATION: Final = re.compile(r"-?(\d+(?:\.\d+)?)\s*(ms|s|min|m|h|d)")
_F = Callable[..., Any]


class Duration(click.ParamType[float]):
    """A duration such as 500ms, 5s, 10m, 2h, 1d; in milliseconds."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return milliseconds."""
        found = _DURATION.fullmatch(str(value).strip())
        if found is None:
            self.fail(f"{value!r} is not a duration: write it like 500ms, 5s, 10m, 2h or 1d", param, ctx)
        return float(found[1]) * _UNITS[found[2]]


class Moment(click.ParamType[int]):
    """A time: ISO 8601 (local when it has no zone), or so long ago: 10m; in milliseconds since the epoch."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return milliseconds since the epoch."""
        said = str(value).strip()
        if _DURATION.fullmatch(said):
            return int(time.time() * 1000 - Duration().convert(said, param, ctx))
        try:
            when = datetime.fromisoformat(said)
        except ValueError:
            self.fail(f"{said!r} is not a time: write it like 2026-11-28T20:50 or 10m (ago)", param, ctx)
        return int((when if when.tzinfo else when.astimezone()).timestamp() * 1000)


class Pattern(click.ParamType["re.Pattern[str]"]):
    """A regular expression."""

    name = "regex"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> "re.Pattern[str]":
        """Return the compiled expression."""
        try:
            return re.compile(value)
        except re.error as error:
            self.fail(f"{value!r} is not a regular expression: {error}", param, ctx)


def _id(ctx: click.Context, param: click.Parameter, value: str) -> str:
    if not value or len(value) > _LONGEST_ID or not value.isprintable() or any(char.isspace() for char in value):
        raise click.BadParameter(f"an id is 1 to {_LONGEST_ID} characters without spaces", ctx, param)
    return value


_ID: Final = click.argument("asked", metavar="ID", callback=_id)
_PATHS: Final = click.argument("paths", nargs=-1)
_TIMES: Final = click.option(
    "--time", "times", type=click.Choice(["abs", "rel", "delta"]), default="abs", show_default=True
)
_SINCE: Final = click.option("--since", type=Moment(), help="Leave out what was before: a time, or 10m (ago).")
_UNTIL: Final = click.option("--until", type=Moment(), help="Leave out what was after.")
_GOLDEN: Final = click.option(
    "--golden",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("snapshots"),
    show_default=True,
    help="Folder of the golden stories.",
)


def _output(*formats: str) -> Callable[[_F], _F]:
    return click.option("-o", "output", type=click.Choice(formats), default="text", show_default=True)


def _view(**more: Any) -> View:
    return View(width=shutil.get_terminal_size().columns, paint=_painter(), **more)


def _painter() -> Paint:
    """Return what paints: nothing when standard output is no terminal or NO_COLOR is set."""
    import os  # noqa: PLC0415 - as all commands: what runs is loaded when it runs

    return _paint.in_colour if sys.stdout.isatty() and not os.environ.get("NO_COLOR") else _paint.plain


def _say(lines: Iterable[str]) -> None:
    for line in lines:
        click.echo(line)


def _json(data: Any) -> None:
    click.echo(msgspec.json.format(msgspec.json.encode(data), indent=2))


@contextmanager
def _files(paths: tuple[str, ...]) -> Iterator[Files]:
    try:
        files = Files(paths)
    except NoLogsError as error:
        raise click.UsageError(str(error)) from None
    with files:
        yield files


def _nothing(asked: str, files: Files) -> NoReturn:
    """End because the id is nowhere: say what was searched and how far back."""
    recent = files.recent()
    click.echo(f"Nothing holds {asked!r}. {searched(files.searched, files.oldest(), recent.newest_ms)}.", err=True)
    _complain(files)
    sys.exit(NONE)


def _complain(files: Files) -> int:
    """Say on standard error what could not be read; returns the exit code."""
    said = complaints(files.searched)
    for complaint in said:
        click.echo(complaint, err=True)
    return UNREADABLE if said else FOUND


@click.command("story")
@_ID
@_PATHS
@_SINCE
@_UNTIL
@click.option("--tree", is_flag=True, help="Indent by the work that a line is part of.")
@click.option("--mark-gaps", type=Duration(), default="5s", show_default=True, help="Mark pauses of at least so long.")
@click.option("--fuse", type=Duration(), default="1s", show_default=True, help="Show repeats this close together once.")
@_TIMES
@_output("text", "json", "raw")
@click.option(
    "--export",
    nargs=2,
    type=(click.Choice(list(_export.EXPORTS)), click.Path(dir_okay=False, allow_dash=True)),
    metavar="FORMAT FILE",
    help=f"Write the story to a file as {', '.join(_export.EXPORTS)}.",
)
def story(
    asked: str,
    paths: tuple[str, ...],
    since: int | None,
    until: int | None,
    *,
    tree: bool,
    mark_gaps: float,
    fuse: float,
    times: Any,
    output: str,
    export: tuple[str, str] | None,
) -> None:
    """Tell what happened to ID, in order, across log files.

    ID is any id you have: correlation, trace, job, session, task or span. PATHS are files, folders, patterns, .gz or -;
    by default those in NARRATION_LOGS, or every log file below the working directory.

    Exit codes: 0 found, 1 nothing found, 2 the command is wrong, 3 found but some lines could not be read.
    """
    with _files(paths) as files:
        found = follow(files, asked, since, until)
        if not found.lines:
            _nothing(asked, files)
        if export is not None:
            name, target = export
            with click.open_file(target, "w", encoding="utf-8") as file:
                file.writelines(f"{line}\n" for line in _export.EXPORTS[name](found))
        if output == "json":
            _json(_data.story_data(found, files.searched))
        elif output == "raw":
            _say(line.text for line in found.lines)
        elif export is None or export[1] != "-":
            _say(_story_text.text(found, _view(times=times, tree=tree, gap_ms=mark_gaps, fuse_ms=fuse)))
        sys.exit(_complain(files))


@click.command("why")
@_ID
@_PATHS
@_SINCE
@_UNTIL
@_GOLDEN
@_output("text", "json")
def why(asked: str, paths: tuple[str, ...], since: int | None, until: int | None, golden: Path, output: str) -> None:
    """Say what ID waits for: who holds it, since when, and how long that usually takes.

    ID and PATHS as in `narration story`. Of several requests, the one that has been stuck for longest is told.

    Exit codes: 0 found, 1 nothing found, 2 the command is wrong, 3 found but some lines could not be read.
    """
    with _files(paths) as files:
        found = follow(files, asked, since, until)
        if not found.lines:
            _nothing(asked, files)
        answer = answer_of(files, found)
        ahead = _goes_on(answer.story, golden)
        if output == "json":
            _json(_data.answer_data(answer, ahead, files.searched))
        else:
            _say(_answer_text.text(answer, _view(fuse_ms=1000, gap_ms=5000), ahead))
        sys.exit(_complain(files))


def _goes_on(story: Story, folder: Path) -> tuple[Golden, Element] | None:
    if not folder.is_dir():
        return None
    shape = [symbol for line in story.lines if line.event is not None and (symbol := symbol_of(line.event)) is not None]
    return Goldens(_goldens(folder)).goes_on(shape)


def _goldens(folder: Path) -> list[Golden]:
    try:
        return read(folder)
    except (OSError, UnicodeDecodeError) as error:
        raise click.UsageError(f"{folder}: a golden story cannot be read: {error}") from None


@click.command("conform")
@_PATHS
@_GOLDEN
@_output("text", "json")
def conform(paths: tuple[str, ...], golden: Path, output: str) -> None:
    """Say which real stories the golden stories account for, and what the others look like.

    Exit codes: 0 every real story is accounted for, 1 some are not, 2 there is nothing to compare or the command is
    wrong, 3 all are, but some files could not be read.
    """
    goldens = _goldens(golden)
    if not goldens:
        raise click.UsageError(f"{golden}: no golden stories with requests there; name their folder with --golden")
    with _files(paths) as files:
        found = hold_against(files, Goldens(goldens))
        if not found.stories:
            raise click.UsageError(
                f"no story to compare: {found.without_id:,} events without a correlation id, "
                f"{found.other:,} other lines in {_wording.number(len(files.paths), 'file')}"
            )
        if output == "json":
            _json(_data.conformity_data(found, files.searched))
        else:
            _say(_conform_text.text(found, _view()))
        code = _complain(files)
        sys.exit(code if found.accounted == found.stories else NONE)


@click.command("tail")
@click.argument("paths", nargs=-1)
@click.option(
    "--tail", "count", type=click.IntRange(0, 10_000), default=10, show_default=True, help="Last lines first."
)
@click.option("--no-follow", is_flag=True, help="End after the last lines.")
@click.option("--service", multiple=True, help="Only lines that this service emitted; may be repeated.")
@click.option("--actor", multiple=True, help="Only lines of this actor; may be repeated.")
@click.option("--action", multiple=True, help="Only this action; may be repeated.")
@click.option("--level", type=click.Choice(EMITTING), default="trace", help="Only lines at least so important.")
@click.option("--grep", type=Pattern(), help="Only lines that match.")
@click.option("--exclude", type=Pattern(), help="No lines that match.")
@click.option("--highlight", type=Pattern(), help="Paint what matches.")
@_TIMES
@_output("text", "json", "raw")
def tail(
    paths: tuple[str, ...],
    count: int,
    *,
    no_follow: bool,
    service: tuple[str, ...],
    actor: tuple[str, ...],
    action: tuple[str, ...],
    level: Any,
    grep: "re.Pattern[str] | None",
    exclude: "re.Pattern[str] | None",
    highlight: "re.Pattern[str] | None",
    times: Any,
    output: str,
) -> None:
    """Show several log files as they grow, merged by time; rotation and truncation are followed.

    Exit codes: 0 something was shown, 1 nothing was, 2 the command is wrong, 3 some files could not be read.
    """
    try:
        files = find(paths)
    except NoLogsError as error:
        raise click.UsageError(str(error)) from None
    wanted = Filter(service, actor, action, level, grep, exclude)
    shown = _Shown(_view(times=times), output, highlight)
    counts = Counts()
    growing = Tail(files)
    try:
        shown.lines(line for line in last_lines(files, count, counts) if wanted.takes(line))
        while not no_follow:
            shown.lines(line for line in growing.new_lines() if wanted.takes(line))
            for note in growing.notes():
                click.echo(note, err=True)
            time.sleep(_POLL_S)
    except KeyboardInterrupt:
        pass
    finally:
        growing.close()
    for fault in counts.faults:
        click.echo(fault, err=True)
    sys.exit(UNREADABLE if counts.faults else FOUND if shown.any else NONE)


class _Shown:
    """Lines on standard output as they come."""

    def __init__(self, view: View, output: str, highlight: "re.Pattern[str] | None") -> None:
        self.any = False
        self._view = view
        self._output = output
        self._highlight = highlight
        self._before: Any = None
        self._first: int | None = None
        self._wide = 0

    def lines(self, lines: Iterable[Any]) -> None:
        """Show lines."""
        for line in lines:
            self.any = True
            if self._output == "raw":
                click.echo(line.text)
            elif self._output == "json":
                click.echo(msgspec.json.encode(_data.line_data(line)))
            else:
                self._text(line)

    def _text(self, line: Any) -> None:
        if self._first is None:
            self._first = line.at_ms
        self._wide = max(self._wide, min(len(line.service), 16))
        for row in _story_text.row(line, self._before, self._first, self._wide, self._view):
            click.echo(self._marked(row))
        self._before = line

    def _marked(self, row: str) -> str:
        if self._highlight is None or self._view.paint is _paint.plain:
            return row
        return self._highlight.sub(lambda found: click.style(found.group(), reverse=True), row)
