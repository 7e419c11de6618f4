"""The short cut: an event that needs no mending becomes its JSON line without ever being an object.

Most events have registered names, the right types, clean ASCII text and nothing to redact. For those the line is
written directly: for each set of field names that calls use, a small function is generated once (as `namedtuple`
and `dataclass` do) that checks the types, shows all text of the call to the redactor's gate in one scan, and
puts the line together. Bound ids are encoded and checked once for each binding; other bound fields are taken as
if the call had given them. Whatever is unusual goes the long way, `Pipeline.emit`. Both ways give the same bytes;
`tests/core/test_shortcut.py` holds them to it.
"""

import time
from collections.abc import Callable, Iterable
from typing import Any, Final

import msgspec

from narration_core.clock import SYSTEM
from narration_core.context import Scope, current
from narration_core.event import FIELDS, Record
from narration_core.fields import FIELD_TYPES
from narration_core.levels import EMITTING
from narration_core.pipeline import PIPELINE
from narration_core.redaction import Redactor
from narration_core.taxonomy import ExtraField, extra_fields
from narration_core.text import fill_simple, is_name, quick_templates

Emitter = Callable[..., None]
LongWay = Callable[[str, str, str, dict[str, Any]], None]
# (start, action, target, human, bound ids, place of the last bound id, fields, end) -> line, or None for the long way
Composer = Callable[[str, str, str, str, str, int, dict[str, Any], str], bytes | None]

_TEXTS: Final = ("cute", "story")
_IDS: Final = FIELDS[FIELDS.index("correlation_id") : FIELDS.index("engine")]
_BODY: Final = FIELDS[FIELDS.index("engine") : FIELDS.index("emitted_by")]
_PLACE: Final = {name: place for place, name in enumerate(_IDS)}
_LONGEST: Final = 4096
_SMALL: Final = 10**11
"""Extra numbers from here on could be card numbers; the event's own fields are known not to be."""
_REMEMBERED_LENGTH: Final = 256
_CACHE_LIMIT: Final = 4096

_encode = msgspec.json.Encoder().encode
_composers: dict[tuple[str, ...], Composer] = {}
_composed_for: Redactor | None = None
_names: set[str] = set()


def _needs_care(told: str, pieces: Iterable[str]) -> bool:
    """Tell whether text is anything but plain: short printable ASCII without secrets, at most quotes to be escaped.

    Plain text is remembered for a while, since programs repeat themselves; text with secrets never is.

    Args:
        told: all text of an event.
        pieces: its strings one by one; looked at when the gate is in doubt about the whole.
    """
    if (
        len(told) > _LONGEST
        or not told.isascii()
        or not told.isprintable()
        or "\\" in told
        or (PIPELINE.gate(told) and any(map(PIPELINE.redactor.wanted_spans, pieces)))
    ):
        return True
    if len(told) <= _REMEMBERED_LENGTH:
        if len(PIPELINE.clean_texts) >= _CACHE_LIMIT:
            PIPELINE.clean_texts.clear()
        PIPELINE.clean_texts.add(told)
    return False


def _long_way(*_: Any) -> None:
    """Compose nothing: fields that always need the long way."""


def _source(names: tuple[str, ...], extra: list[ExtraField]) -> str:
    """Return the source of the composer for calls with these names of the event's own fields and of extra fields."""
    ids, body, texts = ([name for name in part if name in names] for part in (_IDS, _BODY, _TEXTS))
    more = {field.name: f"extra_{place}" for place, field in enumerate(extra)}  # a field's name may be no identifier
    strings = [name for name in (*ids, *body) if FIELD_TYPES[name] == (str,)]
    strings += [more[field.name] for field in extra if field.type is str]
    numbers = [name for name in (*body, *more.values()) if name not in strings]
    checks = [f"type({name}) is str" for name in ("target", "human", *texts, *strings)]
    checks += [f"type({name}) is int" for name in numbers]
    checks += [f"-{_SMALL} < {name} < {_SMALL}" for name in numbers if name not in body]
    if ids:
        checks.append(f"last_place < {_PLACE[ids[0]]}")
    values = {name: name for name in (*ids, *body)} | more
    written = {
        name: f'"{name}":"{{{value}}}",' if value in strings else f'"{name}":{{{value}}},'
        for name, value in values.items()
    }
    lines = ["def compose(start, action, target, human, bound, last_place, fields, end):"]
    lines += [f"    {value} = fields[{name!r}]" for name, value in (*values.items(), *zip(texts, texts, strict=True))]
    lines += [f"    if not ({' and '.join(checks)} and target and human): return None"]
    for name in ("human", *texts):
        lines += [f"    if '{{' in {name} or '}}' in {name}:"]
        lines += [f"        quick = quick_templates.get({name})"]
        lines += [f"        {name} = fill({name}, fields) if quick is None else quick[0] % quick[1](fields)"]
    pieces = ("target", "human", *texts, *strings)  # numbers say nothing: the checks above know them
    lines += [f"    told = f'{' '.join(f'{{{piece}}}' for piece in pieces)}'"]
    lines += [f"    if told not in clean_texts and needs_care(told, ({', '.join(pieces)})): return None"]
    lines += ["    if '\"' in told:"]
    lines += [f"        {name} = {name}.replace('\"', '\\\\\"')" for name in pieces]
    texts_json = "".join(f'"{name}":"{{{name}}}",' for name in texts)
    head = '{{"emitted_at_ms":{now() // 1000000}{start}"action":"{action}","target":"{target}","human":"{human}",'
    tail = "".join(written[name] for name in (*ids, *body))
    end = "{end}"
    if extra:
        end = "{end[:-1]}," + "".join(written[name] for name in more)[:-1] + "}}"
    lines += [f"    return f'{head}{texts_json}{{bound}}{tail}{end}'.encode()"]
    return "\n".join(lines)


def _make_composer(names: tuple[str, ...]) -> Composer:
    """Return the composer for calls with these field names, made now and kept."""
    if len(_composers) >= _CACHE_LIMIT:
        _composers.clear()
    composer: Composer = _long_way
    others = set(names) - {*_IDS, *_BODY, *_TEXTS}
    extra = [field for field in extra_fields().values() if field.name in others]
    if len(extra) < len(others):
        return composer  # not kept: the field may be registered yet
    if all(field.type in {str, int} and not PIPELINE.redactor.clean_verdict(field.name) for field in extra):
        made: dict[str, Any] = {"fill": fill_simple, "now": time.time_ns, "needs_care": _needs_care}
        made |= {"clean_texts": PIPELINE.clean_texts, "quick_templates": quick_templates}
        # The source holds nothing but names of the taxonomy, which are `[a-z0-9_.-]`.
        exec(compile(_source(names, extra), "<narration composer>", "exec"), made)  # noqa: S102
        composer = made["compose"]
    _composers[names] = composer
    return composer


def _fragment(scope: Scope) -> str | None:
    """Return a scope's ids as checked JSON, each followed by a comma; None when they need the long way."""
    global _composed_for  # noqa: PLW0603 - another policy may judge names of fields in another way
    if _composed_for is not PIPELINE.redactor:
        _composers.clear()
        _composed_for = PIPELINE.redactor
    scope.fragment_of = PIPELINE.redactor
    scope.fragment = None
    ids = {name: value for name, value in scope.fields.items() if name in _PLACE}
    scope.others = {name: value for name, value in scope.fields.items() if name not in _PLACE}
    usual = scope.sources is SYSTEM and all(type(value) is str for value in ids.values())
    if usual and not _needs_care(" ".join(ids.values()), ids.values()):
        scope.fragment = _encode(ids)[1:-1].decode() + "," if ids else ""
        scope.last_place = _PLACE[next(reversed(ids))] if ids else -1
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
    start = f',"level":"{EMITTING[rank]}","actor":"{actor}",'
    usual = type(actor) is str and is_name(actor)

    # One frame on purpose: at a microsecond an event, every call inside would be felt.
    def emit(action: str = "", target: str = "", human: str = "", /, **fields: Any) -> None:
        if not pipeline.short_cut or not usual:
            return long_way(action, target, human, fields)
        scope = current.get()
        ids = scope.fragment if scope.fragment_of is pipeline.redactor else _fragment(scope)
        if scope.others:
            fields = {**scope.others, **fields}
        names = tuple(fields)
        try:
            if ids is None or (action not in _names and not _is_new_name(action)):
                return long_way(action, target, human, fields)
            compose = _composers.get(names) or _make_composer(names)
            line = compose(start, action, target, human, ids, scope.last_place, fields, pipeline.end)
        except Exception:  # noqa: BLE001 - a template over the context, or anything odd: the long way knows better
            line = None
        if line is None:
            return long_way(action, target, human, fields)
        emitted[rank] += 1  # exact under threads as well: CPython switches threads only at calls and loops
        record = Record(line, rank)
        for sink in pipeline.inline:
            if not sink.idle:
                return pipeline.hand_on(record)
        for put in pipeline.puts:
            put(record)
        return None

    return emit


def _is_new_name(action: str) -> bool:
    """Tell whether an action that was not seen before is a valid name, and remember it."""
    if type(action) is not str or not is_name(action) or len(_names) >= _CACHE_LIMIT:
        return False
    _names.add(action)
    return True
