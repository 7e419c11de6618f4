"""`narration watch`: the events of a job as they come."""

import random
import sys
import time
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import quote

import click
import msgspec

from narration_core._hub_connection import HubRefusedError, HubUnreachableError
from narration_core.cli._options import TIMES, hub_at, output_option
from narration_core.cli._output import FOUND, NONE, view
from narration_core.cli._tail import Shown
from narration_core.following._filter import Filter
from narration_core.following._hub_source import Hub
from narration_core.following._lines import parse
from narration_core.following._scan import Hit

_LONGEST_PAUSE_S: Final = 30.0
_NOT_FOUND: Final = 404
_MOST_TRIES: Final = 5  # of a hub that no longer knows the job; with the pauses between them, some 25 s
_FIRST_PAUSE_S: Final = 4.0  # at most: of a thousand readers no more than one in twenty tries within 100 ms
_COME_BACK: Final = frozenset(("", "shutdown", "forgotten"))
"""Ends of a connection that are not the end of the stream; \"\" when it broke."""


@click.command("watch")
@click.argument("name", metavar="JOB")
@click.option("--hub", metavar="URL", help="The hub's address; by default NARRATION_HUB.")
@click.option("--story", is_flag=True, help="JOB is a correlation id: follow that request across all services.")
@click.option("--after", help="Id of the last event that you have.")
@click.option("--service", multiple=True, help="Only lines that this service emitted; may be repeated.")
@click.option("--action", multiple=True, help="Only this action; may be repeated.")
@TIMES
@output_option("text", "json", "raw")
def watch(
    name: str,
    hub: str | None,
    after: str | None,
    service: tuple[str, ...],
    action: tuple[str, ...],
    times: Any,
    output: str,
    *,
    story: bool,
) -> None:
    """Show the events of JOB as they come, until it ends. A hub that was away is found again, and nothing is missed.

    What it waits for is told on standard error. A hub that was started again and knows nothing of JOB is asked a few
    times more: whoever narrates may not have found it yet.

    Exit codes: 0 something was shown, 1 nothing was or the hub refused, 2 the command is wrong.
    """
    shown = Shown(view(times=times), output, None)
    wanted = Filter(service, (), action)
    path = f"/v1/{'stories' if story else 'jobs'}/{quote(name, safe='')}/stream"
    with hub_at(hub) as source:
        try:
            for kind, data in _events(source, path, after):
                if kind == "narration":
                    line = parse(Hit(0, msgspec.json.encode(data["event"]), b""), source.paths[0])
                    if wanted.takes(line):
                        shown.lines([line])
                elif kind == "gap":
                    click.echo(f"... {data['missed']} missed ...", err=True)
                elif kind == "reset":
                    click.echo("... the id is not of this stream; from the beginning ...", err=True)
        except KeyboardInterrupt:
            pass
    sys.exit(FOUND if shown.any else NONE)


def _events(source: Hub, path: str, after: str | None) -> Iterator[tuple[str, Any]]:
    """Yield the events of a stream; connect again when it breaks, until it ends."""
    place = _Place(after)
    while place.reason in _COME_BACK:
        try:
            yield from _until_it_breaks(source, path, place)
            if not place.reason:
                place.tell(f"the hub at {source.paths[0]} broke off")
        except HubUnreachableError as error:
            if not place.was_there or place.is_over(error):
                raise
            place.tell(str(error))
        if place.reason in _COME_BACK:
            time.sleep(place.pause_s())
    if place.reason != "ended":
        click.echo(f"the stream ended: {place.reason}", err=True)


class _Place:
    """Where a reader is in a stream, over all its connections."""

    def __init__(self, after: str | None) -> None:
        self.after = after
        self.was_there = False
        self.reason = ""
        self.is_told = False  # that the hub is away
        self._tries = 0

    def is_over(self, error: HubUnreachableError) -> bool:
        """Tell whether it is of no use to try again."""
        if not isinstance(error, HubRefusedError):
            return False
        status = error.answer.status
        return status < _NOT_FOUND or (status == _NOT_FOUND and self._tries >= _MOST_TRIES)

    def tell(self, trouble: str) -> None:
        """Say once that the hub is away."""
        if not self.is_told:
            self.is_told = True
            click.echo(f"... {trouble}; trying again ...", err=True)

    def pause_s(self) -> float:
        """Return how long to wait before the next try, in seconds: longer each time, and never two readers the same."""
        self._tries += 1  # the second one is as short: a hub that starts is there within two
        most = min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2 ** max(0, min(self._tries, 10) - 2))
        return random.uniform(0.05, most)  # noqa: S311 - no secret

    def is_alive(self) -> None:
        """Note that the hub has sent something."""
        self.was_there = True
        self.is_told = False
        self._tries = 0


def _until_it_breaks(source: Hub, path: str, place: _Place) -> Iterator[tuple[str, Any]]:
    place.reason = ""
    for event_id, kind, data in _parsed(source.stream(path, place.after)):
        place.is_alive()
        place.after = event_id or place.after
        if kind == "end":
            place.reason = data["reason"]
            return
        yield kind, data


def _parsed(lines: Iterator[bytes]) -> Iterator[tuple[str | None, str, Any]]:
    """Yield events of server-sent events: id, name, data."""
    event_id: str | None = None
    name = ""
    data = b""
    for line in lines:
        if not line:
            if data:
                yield event_id, name, msgspec.json.decode(data)
            event_id, name, data = None, "", b""
            continue
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if field == b"id":
            event_id = value.decode("utf-8", "replace")
        elif field == b"event":
            name = value.decode("utf-8", "replace")
        elif field == b"data":
            data += value
