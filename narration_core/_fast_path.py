"""The short cut: an event that needs no mending goes to the sinks as a draft, its line written when asked for.

Most events have registered names, the right types, clean ASCII text and nothing to redact. For each set of field
names that calls use, and for each of a declared point, a small function is generated once (`_fast_path_source`)
that checks the types, shows what text is new to the redactor's gate in one scan, and makes the draft; another puts
the line together, on the thread of the sink that asks for it. Bound ids are encoded and checked once for each
binding; other bound fields are taken as if the call had given them. Whatever is unusual goes the long way,
`Pipeline.emit`. Both ways give the same bytes; `tests/core/test_shortcut.py` holds them to it.
"""

import re
import time
from collections.abc import Callable, Iterable
from typing import Any, Final, NamedTuple

import msgspec

from narration_core._clock import SYSTEM
from narration_core._context import Scope, current
from narration_core._event import Draft
from narration_core._fast_path_source import BODY, MOMENT, PLACE, TEXTS, Declared, source
from narration_core._levels import EMITTING
from narration_core._pipeline import PIPELINE
from narration_core._taxonomy import extra_fields
from narration_core._text import fill_simple, is_name, quick_templates
from narration_core.redaction import Redactor
from narration_core.redaction._digits import ZEROS

Emitter = Callable[..., None]
LongWay = Callable[[str, str, str, dict[str, Any]], None]
_LONGEST: Final = 4096
_REMEMBERED_LENGTH: Final = 256
_DIGEST_LENGTH: Final = 64
_CACHE_LIMIT: Final = 4096
_COMPOSER_LIMIT: Final = 1024


class _Plain(NamedTuple):
    """What was found plain: text, and its shape where other digits in it make no difference."""

    texts: set[str]
    shapes: set[bytes]


_is_digest = re.compile(f"[0-9a-f]{{{_DIGEST_LENGTH}}}").fullmatch
_encode = msgspec.json.Encoder().encode
_composers: dict[tuple[Any, ...], Callable[..., Draft | None] | None] = {}
_composed_for: Redactor | None = None
_plain = _Plain(set(), set())
_names: set[str] = set()


def _needs_care(pieces: Iterable[str]) -> bool:
    """Tell whether text is anything but plain: short printable ASCII without secrets, at most quotes to be escaped.

    Plain text is remembered for a while, since programs repeat themselves, some with other numbers each time, so
    that only what is new of an event is looked at; text with secrets never is. A SHA-256 that stands by itself is
    always new and never a secret, unless a pattern of the policy's own says so.

    Args:
        pieces: the strings of an event.
    """
    plain = _plain  # before the redactor: what an old policy lets pass is never remembered under a new one
    redactor = PIPELINE.redactor
    new = [piece for piece in pieces if piece not in plain.texts]
    if not redactor.own_patterns:
        new = [piece for piece in new if len(piece) != _DIGEST_LENGTH or not _is_digest(piece)]
    if not new:
        return False
    told = " ".join(new)
    if not told.isascii():
        return True
    data = told.encode()
    shape = data.translate(ZEROS)
    if shape in plain.shapes:
        return False
    if (
        len(told) > _LONGEST
        or not told.isprintable()
        or "\\" in told
        or (not redactor.clean_of_shape(told, data, shape) and any(map(redactor.wanted_spans, new)))
    ):
        return True
    if len(plain.texts) + len(plain.shapes) >= _CACHE_LIMIT:
        plain.texts.clear()
        plain.shapes.clear()
    if shape in redactor.clean_shapes:
        plain.shapes.add(shape)
    if len(told) <= _REMEMBERED_LENGTH:
        plain.texts.update(new)
    return False


def _long_way(*_: Any) -> None:
    """Compose nothing: fields that always need the long way."""


def _make_composer(names: tuple[str, ...], point: Declared | None = None) -> Callable[..., Draft | None]:
    """Return the composer for calls with these field names, made now and kept.

    Making one costs as much as some hundred events. One for a declared point is made when the point is called a
    second time: most of a start, and most commands, are told once.
    """
    composers, plain = _composers, _plain
    if len(composers) >= _COMPOSER_LIMIT:
        composers.clear()
    composer: Callable[..., Draft | None] = _long_way
    key = names if point is None else (point, names)
    if point is not None and key not in composers:
        composers[key] = None
        return composer
    others = set(names) - {*PLACE, *BODY, *TEXTS, MOMENT}
    extra = [field for field in extra_fields().values() if field.name in others]
    if len(extra) < len(others):
        return composer  # not kept: the field may be registered yet
    if all(field.type in {str, int} and not PIPELINE.redactor.clean_verdict(field.name) for field in extra):
        written = source(names, extra, point)
        if written is not None and not (point and _needs_care(point.texts.values())):
            made: dict[str, Any] = {
                "Draft": Draft,
                "defstruct": msgspec.defstruct,
                "fill": fill_simple,
                "levels": EMITTING,
                "needs_care": _needs_care,
                "now": time.time_ns,
                "plain_texts": plain.texts,
                "quick_templates": quick_templates,
            }
            exec(compile(written, "<narration composer>", "exec"), made)  # noqa: S102 - see `source`
            composer = made["compose"]
    composers[key] = composer
    return composer


def _fragment(scope: Scope) -> str | None:
    """Return a scope's ids as checked JSON, each followed by a comma; None when they need the long way."""
    global _composed_for, _composers, _plain  # noqa: PLW0603 - another policy may judge names and texts in another way
    if _composed_for is not PIPELINE.redactor:
        _plain = _Plain(set(), set())
        _composers = {}  # a new one, after `_plain`: whoever is making a composer right now puts it into the old one
        _composed_for = PIPELINE.redactor
    scope.fragment_of = PIPELINE.redactor
    scope.fragment = None
    ids = {name: value for name, value in scope.fields.items() if name in PLACE}
    scope.others = {name: value for name, value in scope.fields.items() if name not in PLACE}
    usual = scope.sources is SYSTEM and all(type(value) is str for value in ids.values())
    if usual and not _needs_care(ids.values()):
        scope.fragment = _encode(ids)[1:-1].decode() + "," if ids else ""
        scope.last_place = PLACE[next(reversed(ids))] if ids else -1
    return scope.fragment


def emitter(actor: str, rank: int, long_way: LongWay) -> Emitter:
    """Return the function that emits an actor's events at a level.

    Args:
        actor: who acts.
        rank: the level's place in `EMITTING`.
        long_way: emits what the short cut does not take; called with action, target, human and fields.
    """
    pipeline = PIPELINE
    emitted = pipeline.emitted
    usual = type(actor) is str and is_name(actor)

    # Few calls on purpose: at a microsecond an event, every one would be felt.
    def emit(action: str = "", target: str = "", human: str = "", /, **fields: Any) -> None:
        if not pipeline.short_cut or not usual:
            return long_way(action, target, human, fields)
        try:
            scope = current.get()
            ids = scope.fragment if scope.fragment_of is pipeline.redactor else _fragment(scope)
            if scope.others:
                fields = {**scope.others, **fields}
            names = tuple(fields)
            if ids is None or (action not in _names and not _is_new_name(action)):
                return long_way(action, target, human, fields)
            compose = _composers.get(names) or _make_composer(names)
            record = compose(rank, actor, action, target, human, scope, fields, pipeline.end)
        except Exception:  # noqa: BLE001 - a template over the context, or anything odd: the long way knows better
            record = None
        if record is None:
            return long_way(action, target, human, fields)
        emitted[rank] += 1  # exact under threads as well: CPython switches threads only at calls and loops
        return pipeline.hand_on(record)

    return emit


def point_emitter(point: Declared) -> Callable[[dict[str, Any]], bool]:
    """Return the function that emits a declared point; it returns False for the long way, having done nothing.

    Args:
        point: what every call of it has in common.
    """
    pipeline = PIPELINE
    emitted = pipeline.emitted

    def emit(fields: dict[str, Any]) -> bool:
        if not pipeline.short_cut:
            return False
        try:
            scope = current.get()
            if (scope.fragment if scope.fragment_of is pipeline.redactor else _fragment(scope)) is None:
                return False
            if scope.others:
                fields = {**scope.others, **fields}
            names = tuple(fields)
            compose = _composers.get((point, names)) or _make_composer(names, point)
            record = compose(scope, fields, pipeline.end)
        except Exception:  # noqa: BLE001 - as above
            return False
        if record is None:
            return False
        emitted[point.rank] += 1
        pipeline.hand_on(record)
        return True

    return emit


def _is_new_name(action: str) -> bool:
    """Tell whether an action that was not seen before is a valid name, and remember it."""
    if type(action) is not str or not is_name(action) or len(_names) >= _CACHE_LIMIT:
        return False
    _names.add(action)
    return True
