"""What the commands that follow a request share: arguments, files, output, exit codes."""

import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import click

from narration_core.cli._output import LONGEST_ID, is_id
from narration_core.cli._show import GOLDEN as FOLDER
from narration_core.following._log_files import NoLogsError
from narration_core.following._source import Files, Searchable

if TYPE_CHECKING:
    from narration_core.following._hub_source import Hub

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
    if not is_id(value):
        raise click.BadParameter(f"an id is 1 to {LONGEST_ID} characters without spaces", ctx, param)
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
    type=click.Path(file_okay=False),
    default=FOLDER,
    show_default=True,
    help="Folder of the golden stories.",
)


def output_option(*formats: str) -> Callable[[_F], _F]:
    return click.option("-o", "output", type=click.Choice(formats), default="text", show_default=True)


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
