"""`narration forward`: lines of services that do not narrate, sent to a hub."""

import os
import secrets
import sys
import time
from collections.abc import Iterator, Sequence
from typing import Final

import click

from narration_core._configuration import configure
from narration_core._pipeline import PIPELINE
from narration_core._text import is_name
from narration_core._writer import Writer
from narration_core.cli._output import FOUND, NONE
from narration_core.following._forward import File, Lines
from narration_core.following._lines import Line, parse
from narration_core.following._log_files import STDIN, NoLogsError, find, shown
from narration_core.following._scan import MAX_LINE, Hit
from narration_core.nouns import counted
from narration_core.sinks._hub import HubSink, NamedRecord

_POLL_S: Final = 0.1
_AT_ONCE: Final = 2000
_LAST_TRY_S: Final = 30.0


@click.command("forward")
@click.argument("paths", nargs=-1, required=True)
@click.option("--hub", envvar="NARRATION_HUB", required=True, metavar="URL", help="The hub's address.")
@click.option("--service", help="Who wrote the lines; by default what they say, or the file's name.")
@click.option("--no-follow", is_flag=True, help="End when everything that is there has been acknowledged.")
def forward(paths: tuple[str, ...], hub: str, service: str | None, *, no_follow: bool) -> None:
    """Send lines of log files, or of standard input (-), to a hub: JSON, logfmt, plain text and tracebacks.

    Files are read from their beginning and followed. What the hub has already is sent again without harm, so a file
    may be forwarded anew after anything: nothing that it holds is lost. Standard input never waits for the hub: when
    it is away for long, the oldest of the least important lines are given up, and counted.

    The token is NARRATION_HUB_TOKEN. Exit codes: 0 something was sent, 1 nothing was, 2 the command is wrong.
    """
    if service is not None and not is_name(service):
        raise click.UsageError(f"--service {service[:80]!r} must be of [a-z0-9_.-], at most 128 characters")
    configure(output="off", sinks=[])
    try:
        sink = HubSink(hub, os.environ.get("NARRATION_HUB_TOKEN") or None, service)
        if STDIN in paths:
            if len(paths) > 1:
                raise click.UsageError("standard input goes alone: forward files with another command")
            sent = _forward_stdin(sink, Lines(service))
        else:
            sent = _forward_files(sink, [File(path, Lines(service)) for path in find(paths)], follow=not no_follow)
    except (NoLogsError, ValueError) as error:
        raise click.UsageError(str(error)) from None
    sys.exit(FOUND if sent else NONE)


def _forward_files(sink: HubSink, files: Sequence[File], *, follow: bool) -> int:
    sent = 0
    try:
        while True:
            for file in files:
                records = file.new_records()
                for start in range(0, len(records), _AT_ONCE):
                    _send(sink, records[start : start + _AT_ONCE])
                sent += len(records)
                for note in file.notes():
                    click.echo(note, err=True)
            if not follow:
                break
            time.sleep(_POLL_S)
    except KeyboardInterrupt:
        pass
    finally:
        for file in files:
            file.close()
        sink.close()
    if sink.refused:
        click.echo(f"the hub refused {sink.refused} of {counted(sent, 'event')}", err=True)
    return sent


def _send(sink: HubSink, records: Sequence[NamedRecord]) -> None:
    """Send until the hub has it: the file keeps what comes meanwhile."""
    is_told = False
    while True:
        try:
            sink.write(records)
        except OSError as error:
            if not is_told:
                click.echo(f"{error}; trying again until it does", err=True)
                is_told = True
            time.sleep(sink.cool_off_s)
        else:
            return


def _forward_stdin(sink: HubSink, lines: Lines) -> int:
    """Send what comes; the program that writes it never waits for the hub."""
    writer = Writer(sink, PIPELINE.outputs)
    name = secrets.token_hex(12)
    sent = 0
    try:
        for record in lines.records(_stdin(), name, at_once=True):
            sent += 1
            writer.put(record)
    except KeyboardInterrupt:
        pass
    waiting = writer.close(_LAST_TRY_S)
    if waiting or sum(writer.lost):
        click.echo(
            f"gave up {waiting + sum(writer.lost)} of {counted(sent, 'event')}: the hub did not take them", err=True
        )
    return sent


def _stdin() -> Iterator[Line]:
    number = 0
    while line := sys.stdin.buffer.readline(MAX_LINE):
        number += 1
        yield parse(Hit(number, line.rstrip(b"\r\n"), b""), shown(STDIN))
