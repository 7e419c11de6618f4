"""One line of a log: a narration event, another logger's record, or plain text that holds an id."""

import os
import re
from codecs import BOM_UTF8
from collections.abc import Collection, Iterable, Iterator
from typing import Final

import msgspec

from narration_core._event import FIELDS, MAX_LINE, Event, decode
from narration_core._text import clean, to_name
from narration_core.following._log_files import STDIN, shown
from narration_core.following._scan import Hit

ID_FIELDS: Final = ("correlation_id", "trace_id", "job_id", "session_id", "task_id", "span_id")
"""Fields by which a person may ask for a story."""

# Patterns are kept as text: `re` compiles each when it is first needed, and most lines need none.
_PRETTY: Final = r"\[(?P<actor>[a-z0-9_.-]{1,128}) *\] (?P<action>[a-z0-9_.-]{1,128}) *: (?P<human>.*)"
_ANSI: Final = r"\x1b\[[0-9;]*[A-Za-z]"
_DOCKER: Final = b'{"log":"{'
_UUID: Final = r"[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}"
_MADE_UP: Final = rf"({_UUID}|[0-9A-Za-z]{{16,}}|\d+)"
_RANDOM: Final = 16  # characters of a name that is taken for random
_LEAST_DIGITS: Final = 5
_LONGEST_PREFIX: Final = 200
_EDGE: Final = r"[A-Za-z0-9_-]"
_decode_json: Final = msgspec.json.Decoder(dict[str, object]).decode


class Line(msgspec.Struct, frozen=True):
    """One line of a log.

    Attributes:
        source: the file, as people read it.
        offset: where it starts in the file, in bytes.
        at_ms: when it was written, in milliseconds since the epoch; None when nothing says so.
        event: what it says, when it is a narration or another logger's record.
        text: the line as it is, its control characters removed.
        kind: "narration", "record" (another logger's JSON or logfmt) or "text".
        guessed: the time is that of the line before it.
        is_torn: it begins like JSON and cannot be read as such.
    """

    source: str
    offset: int
    at_ms: int | None
    event: Event | None
    text: str
    kind: str
    guessed: bool = False
    is_torn: bool = False

    @property
    def service(self) -> str:
        """Who wrote it: the actor, or the file's name."""
        return (self.event.actor if self.event else None) or stem(self.source)


def stem(source: str) -> str:
    """Return a file's name as a service's: `logs/worker.log.gz` is worker."""
    name = os.path.split(source)[1].partition(".")[0] if source != shown(STDIN) else "stdin"
    return to_name(name)


def parse(hit: Hit, source: str) -> Line:
    """Return what a line says; whatever cannot be understood is plain text.

    Args:
        hit: the line, and what stands before it.
        source: the file's name as people read it.
    """
    if hit.offset == 0 and hit.line.startswith(BOM_UTF8):
        hit = hit._replace(line=hit.line.removeprefix(BOM_UTF8))
    line = unwrapped(hit.line)
    if line[:1] == b"{" and len(line) <= MAX_LINE:
        try:
            event = _clean(decode(line))
        except ValueError:
            pass
        else:
            return Line(source, hit.offset, event.emitted_at_ms, event, line.decode(), "narration")
    return _parse_other(hit, line, source)


def _parse_other(hit: Hit, line: bytes, source: str) -> Line:
    from narration_core.following import _foreign  # noqa: PLC0415 - a story of narration alone does not need it

    fields = None
    if line[:1] == b"{" and len(line) <= MAX_LINE:
        fields = _fields(line)
        found = None if fields is None else _foreign.foreign_event(fields, stem(source), says_anything=True)
        if found is not None:
            at_ms = found.emitted_at_ms
            if at_ms is None:  # what is around it may tell: a container's runtime, syslog
                at_ms = _foreign.time_of(_text(hit.line.replace(line, b""))) or _outer_time(hit.line)
            guessed = at_ms is None
            at_ms = _foreign.last_time(hit.before) if guessed else at_ms
            return Line(source, hit.offset, at_ms, found, clean(_text(line)), "record", guessed)
    is_torn = line[:1] == b"{" and fields is None
    line = hit.line
    text = _text(line)
    pretty = re.search(_PRETTY, text)
    at_ms = _foreign.time_of(text)
    guessed = at_ms is None
    if at_ms is None:
        at_ms = _foreign.last_time(hit.before)
    if pretty is not None:
        actor, action, human = pretty.group("actor", "action", "human")
        event = Event(emitted_at_ms=at_ms, level="info", actor=actor, action=action, target="-", human=clean(human))
        return Line(source, hit.offset, at_ms, event, clean(text), "narration", guessed)
    pairs = _foreign.pairs(text)
    found = _foreign.foreign_event(pairs, stem(source)) if pairs else _foreign.of_syslog(text)
    found = found or _foreign.of_plain(text, stem(source))
    if found is not None:
        if found.emitted_at_ms is not None:
            at_ms, guessed = found.emitted_at_ms, False
        elif not guessed:
            found = msgspec.structs.replace(found, emitted_at_ms=at_ms)
        return Line(source, hit.offset, at_ms, found, clean(text), "record", guessed)
    return Line(source, hit.offset, at_ms, None, clean(text), "text", guessed, is_torn=is_torn)


def _clean(event: Event) -> Event:
    """Return an event whose texts are safe to show; the file may come from an attacker."""
    texts = {name: value for name in FIELDS if isinstance(value := getattr(event, name), str)}
    changed = {name: safe for name, value in texts.items() if (safe := clean(value)) is not value}
    return msgspec.structs.replace(event, **changed) if changed else event


def _text(line: bytes) -> str:
    return re.sub(_ANSI, "", line.decode("utf-8", "replace"))


def _fields(line: bytes) -> dict[str, object] | None:
    try:
        return _decode_json(line)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return None


def _outer_time(line: bytes) -> int | None:
    """Return the time that Docker gives to a line."""
    from narration_core.following import _foreign  # noqa: PLC0415 - as above

    return _foreign.milliseconds((_fields(line) or {}).get("time")) if line.startswith(_DOCKER) else None


def unwrapped(line: bytes) -> bytes:
    """Return the JSON inside a line of Docker, Kubernetes or a program that puts words before it; other lines as is."""
    if line.startswith(_DOCKER):
        inner = (_fields(line) or {}).get("log")
        return inner.strip().encode() if isinstance(inner, str) else line
    if line[:1] != b"{" and line.endswith(b"}"):
        start = line.find(b' {"', 0, _LONGEST_PREFIX)
        return line[start + 1 :] if start >= 0 and _fields(line[start + 1 :]) is not None else line
    return line


def belongs(line: Line, ids: Collection[str], pattern: re.Pattern[str]) -> bool:
    """Tell whether a line is part of the story of one of these ids.

    An event belongs by its id fields; one that has no correlation id belongs also when it mentions an id whole.
    Plain text belongs when it mentions one.

    Args:
        line: a line that holds the bytes of an id.
        ids: the ids.
        pattern: from `mention` of the same ids.
    """
    event = line.event
    if event is None:
        return pattern.search(line.text) is not None
    if any(getattr(event, field) in ids for field in ID_FIELDS):
        return True
    return event.correlation_id is None and pattern.search(line.text) is not None


def like(name: str) -> str | None:
    """Return a pattern of the ids that are made as one is: `req-17` is like `req-9`, a UUID like any other.

    None for what has no digit, and for a short number: too much else is like it.
    """
    if not re.search(r"\d", name) or (name.isdigit() and len(name) < _LEAST_DIGITS):
        return None
    number = r"\d+" if re.search(r"[^\W\d]", name) else rf"\d{{{len(name)}}}"
    parts = re.split(_MADE_UP, name)  # the odd ones are what a machine has made up
    made = [
        re.escape(part) if index % 2 == 0 else number if part.isdigit() and len(part) < _RANDOM else _as_random(part)
        for index, part in enumerate(parts)
    ]
    return rf"(?<!{_EDGE}){''.join(made)}(?!{_EDGE})"


def _as_random(part: str) -> str:
    return "-".join(rf"[0-9A-Za-z]{{{len(piece)}}}" for piece in part.split("-"))


def needles(ids: Iterable[str]) -> list[bytes]:
    """Return the bytes by which ids may stand in a log: as they are, and as JSON of any language escapes them."""
    found: dict[bytes, None] = {}
    for name in ids:
        as_json = msgspec.json.encode(name)[1:-1].decode()
        found |= dict.fromkeys(text.encode() for text in (name, as_json))
        if not name.isascii() or "/" in name:
            lower = "".join(char if char.isascii() else _escaped(char) for char in as_json)
            upper = "".join(char if char.isascii() else _escaped(char).upper().replace("U", "u") for char in as_json)
            escaped = (lower, upper, *(text.replace("/", "\\/") for text in (as_json, lower, upper)))
            found |= dict.fromkeys(text.encode() for text in escaped)
    return list(found)


def _escaped(char: str) -> str:
    pairs = char.encode("utf-16-be").hex()
    return "".join(f"\\u{pairs[at : at + 4]}" for at in range(0, len(pairs), 4))


def belonging(lines: Iterable[bytes], ids: Collection[str], source: str = "") -> Iterator[Line]:
    """Yield what lines say that belong to any of the ids, of lines that hold the bytes of one.

    Args:
        lines: the lines, without their ends.
        ids: the ids.
        source: where they are from, as people read it.
    """
    pattern = mention(ids)
    for text in lines:
        line = parse(Hit(0, text, b""), source)
        if belongs(line, ids, pattern):
            yield line


def mention(ids: Collection[str]) -> re.Pattern[str]:
    """Return a pattern that finds an id as a whole word: `req-1` is not in `req-10`, but in `id=req-1.`."""
    names = "|".join(re.escape(name) for name in sorted(ids, key=len, reverse=True))
    return re.compile(rf"(?<!{_EDGE})(?<!{_EDGE}[.:])(?:{names})(?![.:]?{_EDGE})")
