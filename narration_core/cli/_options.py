"""What the commands that follow a request share: arguments, files, output, exit codes."""

import os
import re
import shutil
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn

import click
import msgspec

from narration_core.following import _paint, _story_text
from narration_core.following._log_files import NoLogsError
from narration_core.following._paint import Paint
from narration_core.following._source import Files, Searchable
from narration_core.following._story_text import View

if TYPE_CHECKING:
    from narration_core.following._golden import Golden
    from narration_core.following._hub_source import Hub

FOUND, NONE, USAGE, UNREADABLE = 0, 1, 2, 3
"""Exit codes: found; nothing found; the command is wrong; found, but some lines or files could not be read."""

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


def _checked_id(ctx: click.Context, param: click.Parameter, value: str) -> str:
    if not value or len(value) > _LONGEST_ID or not value.isprintable() or any(char.isspace() for char in value):
        raise click.BadParameter(f"an id is 1 to {_LONGEST_ID} characters without spaces", ctx, param)
    return value


ID: Final = click.argument("asked", metavar="ID", callback=_checked_id)
PATHS: Final = click.argument("paths", nargs=-1)
TIMES: Final = click.option(
    "--time", "times", type=click.Choice(["abs", "rel", "delta"]), default="abs", show_default=True
)
SINCE: Final = click.option("--since", type=Moment(), help="Leave out what was before: a time, or 10m (ago).")
UNTIL: Final = click.option("--until", type=Moment(), help="Leave out what was after.")
GOLDEN: Final = click.option(
    "--golden",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("snapshots"),
    show_default=True,
    help="Folder of the golden stories.",
)


def output_option(*formats: str) -> Callable[[_F], _F]:
    return click.option("-o", "output", type=click.Choice(formats), default="text", show_default=True)


def view(**more: Any) -> View:
    return View(width=shutil.get_terminal_size().columns, paint=_painter(), **more)


def _painter() -> Paint:
    """Return what colours text: nothing if standard output is not a terminal, or NO_COLOR is set."""
    return _paint.in_colour if sys.stdout.isatty() and not os.environ.get("NO_COLOR") else _paint.plain


def say(lines: Iterable[str]) -> None:
    for line in lines:
        click.echo(line)


def say_json(data: Any) -> None:
    click.echo(msgspec.json.format(msgspec.json.encode(data), indent=2))


HUB: Final = click.option("--hub", metavar="URL", help="Read from a hub instead; its token is NARRATION_HUB_TOKEN.")


@contextmanager
def hub_at(url: str | None) -> "Iterator[Hub]":
    """Yield a hub; end the command in one line when it cannot be asked.

    Args:
        url: its address; NARRATION_HUB when None.
    """
    from narration_core._hub_connection import HubRefusedError, HubUnreachableError  # noqa: PLC0415 - only with --hub
    from narration_core.following._hub_source import Hub, said_by  # noqa: PLC0415

    where = url or os.environ.get("NARRATION_HUB")
    if not where:
        raise click.UsageError("say which hub: --hub URL, or NARRATION_HUB")
    try:
        with Hub(where, os.environ.get("NARRATION_HUB_TOKEN") or None) as hub:
            yield hub
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    except HubRefusedError as error:
        raise click.ClickException(said_by(error)) from None
    except HubUnreachableError as error:
        raise click.ClickException(str(error)) from None


@contextmanager
def log_files(paths: tuple[str, ...], hub: str | None = None) -> "Iterator[Searchable]":
    """Yield where a command reads: log files, or a hub."""
    if hub is not None:
        if paths:
            raise click.UsageError("--hub and PATHS exclude each other")
        with hub_at(hub) as source:
            yield source
        return
    try:
        files = Files(paths)
    except NoLogsError as error:
        raise click.UsageError(str(error)) from None
    with files:
        yield files


def end_with_nothing(asked: str, files: Searchable, *, is_cut: bool = False) -> NoReturn:
    """End because the id is nowhere: say what was searched and how far back.

    Args:
        asked: the id.
        files: what was searched.
        is_cut: only lines between --since and --until count.
    """
    recent = files.recent()
    where = " between --since and --until" if is_cut else ""
    click.echo(
        f"Nothing holds {asked!r}{where}. {_story_text.searched(files.searched, files.oldest(), recent.newest_ms)}.",
        err=True,
    )
    complain(files)
    sys.exit(NONE)


def complain(files: Searchable) -> int:
    """Say on standard error what could not be read, and what may be elsewhere; returns the exit code."""
    said = _story_text.complaints(files.searched)
    for complaint in said:
        click.echo(complaint, err=True)
    for note in _story_text.notes(files.searched):
        click.echo(note, err=True)
    return UNREADABLE if said else FOUND


def goldens_in(folder: Path) -> "list[Golden]":
    """Return the golden stories of a folder, or end because one cannot be read."""
    from narration_core.following._golden import read  # noqa: PLC0415 - most commands need none

    try:
        return read(folder)
    except (OSError, UnicodeDecodeError) as error:
        raise click.UsageError(f"{folder}: a golden story cannot be read: {error}") from None
