"""A hub as the source of stories: what `narration story`, `why` and `conform` read with --hub."""

import time
from collections import deque
from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final, Self
from urllib.parse import quote, urlencode

import msgspec

from narration_core._hub_connection import NOT_ASKED_HEADER, Answer, HubConnection, HubRefusedError
from narration_core.following._lines import Line, belongs, mention, parse
from narration_core.following._scan import Hit
from narration_core.following._source import LAST_MENTIONS, MAX_HITS, RECENT_BYTES, Searched, within
from narration_core.following._usual import Recent

_AT_ONCE: Final = 50  # ids in one request: more would make its address too long
_NOT_FOUND: Final = 404
_TOO_MANY: Final = 429
_LONGEST_PAUSE_S: Final = 5
_TRIES: Final = 5
_OK: Final = 200


class _Stores(msgspec.Struct):
    not_asked: list[str]
    alone: bool = False


class _Story(msgspec.Struct):
    lines: list[dict[str, Any]]
    missed: int = 0
    stores: _Stores | None = None


class _Found(msgspec.Struct):
    hits: list[dict[str, Any]]
    searched: int = 0
    end: str | None = None
    stores: _Stores | None = None


class _Refusal(msgspec.Struct):
    message: str
    hint: str | None = None


class Hub:
    """A hub as a source; use it as a context manager.

    Args:
        url: the hub's address.
        token: an operator's token, or a ticket; None when the hub asks for none.

    Raises:
        ValueError: the address is not a possible URL.
    """

    def __init__(self, url: str, token: str | None = None) -> None:
        self._connection = HubConnection(url, token)
        self.paths = [self._connection.where]
        self.searched = Searched(files=1)
        self._recent: Recent | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def ask(self, method: str, path: str, body: bytes | None = None) -> Answer:
        """Return the hub's answer to a request.

        Args:
            method: GET, POST or DELETE.
            path: from `/v1/` on.
            body: what is sent, as JSON.

        Raises:
            HubUnreachableError: it did not answer.
            HubRefusedError: it answered with a failure.
        """
        answer = self._connection.request(method, path, body)
        if not _OK <= answer.status < _OK + 100:
            raise HubRefusedError(answer)
        return answer

    def stream(self, path: str, after: str | None) -> Iterator[bytes]:
        """Yield the lines of a stream of server-sent events as they come.

        Args:
            path: from `/v1/` on.
            after: id of the last event that is here already.

        Raises:
            HubUnreachableError: it did not answer, or the connection broke.
            HubRefusedError: it answered with a failure.
        """
        return self._connection.lines(path, {"Last-Event-ID": after} if after else {})

    def read(self, ids: Collection[str], since: int | None = None, until: int | None = None) -> list[Line]:
        """Return the lines that belong to any of the ids, service by service.

        When none does, those that mention the first one: somebody may ask for the number of an order.
        """
        names = list(ids)
        pattern = mention(names)
        found: list[Line] = []
        for start in range(0, len(names), _AT_ONCE):
            first, *more = names[start : start + _AT_ONCE]
            query = f"?{urlencode([('id', name) for name in more])}" if more else ""
            try:
                answer = self.ask("GET", f"/v1/stories/{quote(first, safe='')}{query}")
            except HubRefusedError as error:
                if error.answer.status != _NOT_FOUND:
                    raise
                continue
            self.searched.counts.bytes += len(answer.body)
            story = msgspec.json.decode(answer.body, type=_Story)
            self.searched.cut += story.missed
            self._note_stores(story.stores)
            for said in story.lines:
                line = _line(said, len(found))
                if belongs(line, names, pattern) and within(line, since, until) and len(found) < MAX_HITS:
                    found.append(line)
        return found or self._mentions(names[0], since, until)

    def _mentions(self, name: str, since: int | None, until: int | None) -> list[Line]:
        """Return the latest lines that name an id as a whole word, the oldest first; none for who may not search."""
        pattern = mention([name])
        found: list[Line] = []
        for said in self._hits(name):
            line = _line(said, 0)
            if pattern.search(line.text) and within(line, since, until):
                found.append(line)
        found.reverse()
        return [msgspec.structs.replace(line, offset=place) for place, line in enumerate(found)]

    def _hits(self, text: str) -> Iterator[dict[str, Any]]:
        """Yield the events that hold a text, the newest first; a hub searches once at a time for each token."""
        for is_last in (*[False] * (_TRIES - 1), True):
            try:
                yield from self._search(text)
            except HubRefusedError as error:
                if error.answer.status == _NOT_FOUND:
                    return
                if error.answer.status != _TOO_MANY or is_last:
                    raise
                time.sleep(min(error.answer.retry_after_s or 1, _LONGEST_PAUSE_S))
            else:
                return

    def _search(self, text: str) -> Iterator[dict[str, Any]]:
        before = self.searched.counts.bytes
        for answer in self._connection.lines(f"/v1/search?{urlencode({'q': text, 'most': LAST_MENTIONS})}", {}):
            step = msgspec.json.decode(answer, type=_Found)
            self.searched.counts.bytes = before + step.searched
            self._note_stores(step.stores)
            yield from step.hits

    def _note_stores(self, stores: _Stores | None) -> None:
        if stores is not None:
            self.searched.not_asked.update(stores.not_asked)
            self.searched.alone = self.searched.alone or stores.alone

    def every(self) -> Iterator[bytes]:
        """Yield every line that the hub keeps."""
        for line in self._connection.lines("/v1/operator/events", {}):
            self._note(self._connection.headers)
            yield line

    def _note(self, headers: Mapping[str, str]) -> None:
        """Note which hubs an answer names as not asked."""
        self.searched.not_asked.update(filter(None, headers.get(NOT_ASKED_HEADER.lower(), "").split(", ")))

    def recent(self) -> Recent:
        """Return what the latest lines of all services say about what is usual; read once."""
        if self._recent is None:
            self._recent = Recent()
            answer = self.ask("GET", f"/v1/operator/events?last={RECENT_BYTES}")
            self._note(answer.headers)
            deque(self._recent.take(answer.body.splitlines()), maxlen=0)
            self.searched.newest_ms = self._recent.newest_ms
        return self._recent

    def durations(self, actor: str, action: str) -> list[float]:
        """Return how long an actor's action took lately, in milliseconds."""
        return self.recent().durations.get((actor, action), [])

    def oldest(self) -> int | None:
        """Return None: how far back a hub goes is not asked."""
        return None


def _line(said: Mapping[str, Any], place: int) -> Line:
    """Return an event as a hub sends it in stories and searches."""
    return parse(Hit(place, msgspec.json.encode(said["event"]), b""), str(said["producer"]))


def said_by(error: HubRefusedError) -> str:
    """Return what a hub said when it refused, in one line."""
    try:
        refusal = msgspec.json.decode(error.answer.body, type=_Refusal)
    except (msgspec.MsgspecError, UnicodeError):
        return str(error)
    return f"{error}: {refusal.message}{f'; {refusal.hint}' if refusal.hint else ''}"
