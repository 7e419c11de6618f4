"""The short cut: an event that needs no mending becomes its JSON line without ever being an object.

Most events have registered names, the right types, clean ASCII text and nothing to redact. For those the line
is put together from pieces, each encoded once: the constant head, the bound context (encoded and checked
once for each binding), the call's own texts and fields (one scan decides that there is nothing to redact).
Whatever is unusual goes the long way, `Pipeline.emit`. Both ways give the same bytes.
"""

import time
from collections.abc import Callable
from typing import Any, Final, NamedTuple

import msgspec

from narration_core.clock import SYSTEM
from narration_core.context import Scope, current, merged
from narration_core.event import FIELDS, Record
from narration_core.levels import EMITTING
from narration_core.pipeline import FIELD_TYPES, PIPELINE
from narration_core.text import fill_simple, is_name

Emitter = Callable[..., None]
LongWay = Callable[[str, str, str, dict[str, Any]], None]

_TEXTS: Final = ("cute", "story")
_IDS: Final = FIELDS[FIELDS.index("correlation_id") : FIELDS.index("engine")]
_BODY: Final = FIELDS[FIELDS.index("engine") : FIELDS.index("emitted_by")]
_ALLOWED: Final = frozenset((*_TEXTS, *_IDS, *_BODY))
_PLACE: Final = {name: place for place, name in enumerate(_IDS)}
_LONGEST: Final = 4096
_CACHE_LIMIT: Final = 4096

_encode = msgspec.json.Encoder().encode


class _Plan(NamedTuple):
    """What the names and types of a call's fields say about its line.

    Attributes:
        body: the body's fields in the taxonomy's order; None when the call gives these and no others, in order.
        ids: ids that the call gives itself.
        texts: which of cute and story it gives.
    """

    body: tuple[str, ...] | None
    ids: tuple[str, ...]
    texts: tuple[str, ...]


_plans: dict[tuple[Any, ...], _Plan | None] = {}
_names: set[str] = set()


def _make_plan(fields: dict[str, Any], shape: tuple[Any, ...]) -> _Plan | None:
    """Return the plan for a call's fields, or None when they need the long way."""
    if len(_plans) >= _CACHE_LIMIT:
        _plans.clear()
    plan: _Plan | None = None
    if all(name in _ALLOWED and type(value) in FIELD_TYPES[name] for name, value in fields.items()):
        body, ids, texts = (tuple(name for name in part if name in fields) for part in (_BODY, _IDS, _TEXTS))
        plan = _Plan(None if tuple(fields) == body else body, ids, texts)
    _plans[shape] = plan
    return plan


def _needs_care(data: bytes) -> bool:
    """Tell whether encoded text is anything but plain ASCII without escapes and secrets."""
    if len(data) > _LONGEST or not data.isascii() or b"\\" in data or b"\x7f" in data:
        return True
    return PIPELINE.redactor.gate(data.decode("ascii"))


def _fragment(scope: Scope) -> bytes | None:
    """Return a scope's fields as checked JSON, each followed by a comma; None when they need the long way."""
    fields = scope.fields
    scope.fragment_of = PIPELINE.redactor
    scope.fragment = None
    if fields.keys() <= _ALLOWED and all(name in _IDS and type(value) is str for name, value in fields.items()):
        data = _encode(fields)[1:-1] + b"," if fields else b""
        if not _needs_care(data):
            scope.fragment = data
    return scope.fragment


def _with_own_ids(scope: Scope, bound: bytes, own: dict[str, Any]) -> bytes:
    """Return the context and the call's own ids as one fragment, in the taxonomy's order."""
    last = next(reversed(scope.fields), None)
    if last is None or _PLACE[last] < _PLACE[next(iter(own))]:
        return bound + _encode(own)[1:-1] + b","
    return _encode(merged(scope.fields, own))[1:-1] + b","


def emitter(actor: str, rank: int, long_way: LongWay) -> Emitter:  # noqa: C901 - for what it returns
    """Return the function that emits an actor's events at a level.

    Args:
        actor: who acts.
        rank: the level's place in `EMITTING`.
        long_way: emits what the short cut does not take; called with action, target, human and fields.
    """
    pipeline = PIPELINE
    emitted = pipeline.emitted
    start = (
        b'{"emitted_at_ms":%d,' + _encode({"level": EMITTING[rank], "actor": actor})[1:-1].replace(b"%", b"%%") + b","
    )
    usual = is_name(actor) if type(actor) is str else False

    # One frame on purpose: at a microsecond an event, every call inside would be felt.
    def emit(action: str = "", target: str = "", human: str = "", /, **fields: Any) -> None:  # noqa: C901, PLR0912
        if not pipeline.short_cut or not usual:
            return long_way(action, target, human, fields)
        scope = current.get()
        ids = scope.fragment if scope.fragment_of is pipeline.redactor else _fragment(scope)
        if ids is None or type(target) is not str or not target or not human:
            return long_way(action, target, human, fields)
        if action not in _names:
            if type(action) is not str or not is_name(action) or len(_names) >= _CACHE_LIMIT:
                return long_way(action, target, human, fields)
            _names.add(action)
        try:
            said = {"action": action, "target": target, "human": fill_simple(human, fields)}
            if fields:
                shape = (*fields, *map(type, fields.values()))
                plan = _plans.get(shape) or (None if shape in _plans else _make_plan(fields, shape))
                if plan is None:
                    return long_way(action, target, human, fields)
                for text in plan.texts:
                    said[text] = fill_simple(fields[text], fields)
                own = fields if plan.body is None else {name: fields[name] for name in plan.body}
                head = _encode(said)[1:-1]
                body = _encode(own)[1:-1] + b"," if own else b""
                told = head + body
                if plan.ids:
                    own_ids = {name: fields[name] for name in plan.ids}
                    told += _encode(own_ids)
                    ids = _with_own_ids(scope, ids, own_ids)
            else:
                body = b""
                told = head = _encode(said)[1:-1]
        except Exception:  # noqa: BLE001 - a template over the context, or anything odd: the long way knows better
            return long_way(action, target, human, fields)
        # The redactor looks at what this call brought; constant parts and the context were looked at before.
        if len(told) > _LONGEST or not told.isascii() or b"\\" in told or b"\x7f" in told:
            return long_way(action, target, human, fields)
        if pipeline.redactor.gate(told.decode("ascii")):
            return long_way(action, target, human, fields)
        now = time.time_ns() // 1_000_000 if scope.sources is SYSTEM else scope.sources.now_ms()
        record = Record(b"%b%b,%b%b%b}" % (start % now, head, ids, body, pipeline.emitted_by_json), rank)
        emitted[rank] += 1  # exact under threads as well: CPython switches threads only at calls and loops
        for sink in pipeline.inline:
            if not sink.idle:
                return pipeline.hand_on(record)
        for writer in pipeline.writers:
            writer.put(record)
        return None

    return emit
