"""`narration tail`: log files as they grow."""

import re
import sys
import time
from collections.abc import Iterable
from typing import Any, Final

import click
import msgspec

from narration_core._levels import EMITTING
from narration_core.cli._options import TIMES, Pattern, output_option
from narration_core.cli._output import FOUND, NONE, UNREADABLE, view
from narration_core.following import _data, _paint, _story_text
from narration_core.following._filter import Filter
from narration_core.following._lines import Line
from narration_core.following._log_files import NoLogsError, find
from narration_core.following._scan import Counts
from narration_core.following._story_text import View
from narration_core.following._tail import Tail, last_lines

_POLL_S: Final = 0.1


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
@TIMES
@output_option("text", "json", "raw")
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
    shown = Shown(view(times=times), output, highlight)
    counts = Counts()
    growing = Tail(files)
    try:
        shown.lines(line for line in last_lines(files, count, counts) if wanted.takes(line))
        while not no_follow and growing.can_grow:
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


class Shown:
    """Lines on standard output as they come."""

    def __init__(self, view: View, output: str, highlight: "re.Pattern[str] | None") -> None:
        self.any = False
        self._view = view
        self._output = output
        self._highlight = highlight
        self._before: Line | None = None
        self._first: int | None = None
        self._wide = 0

    def lines(self, lines: Iterable[Line]) -> None:
        """Show lines."""
        for line in lines:
            self.any = True
            if self._output == "raw":
                click.echo(line.text)
            elif self._output == "json":
                click.echo(msgspec.json.encode(_data.line_data(line)))
            else:
                self._text(line)

    def _text(self, line: Line) -> None:
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
