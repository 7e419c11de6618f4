"""The short cut: an event that needs no mending goes to the sinks as a draft, its line written when asked for.

Most events have registered names, the right types, clean ASCII text and nothing to redact. For each set of field
names that calls use, a small function is generated once (as `namedtuple` and `dataclass` do) that checks the types,
shows what text is new to the redactor's gate in one scan, and makes the draft; another puts the line together, on
the thread of the sink that asks for it. Bound ids are encoded and checked once for each binding; other bound fields
are taken as if the call had given them. Whatever is unusual goes the long way, `Pipeline.emit`. Both ways give the
same bytes; `tests/core/test_shortcut.py` holds them to it.
"""

import re
import time
from collections.abc import Callable, Iterable
from typing import Any, Final, NamedTuple

import msgspec

from narration_core.clock import SYSTEM
from narration_core.context import Scope, current
from narration_core.event import FIELDS, OWN, Draft
from narration_core.fields import FIELD_TYPES
from narration_core.levels import EMITTING
from narration_core.pipeline import PIPELINE
from narration_core.redaction import Redactor
from narration_core.redaction.digits import ZEROS
from narration_core.taxonomy import ExtraField, extra_fields
from narration_core.text import fill_simple, is_name, quick_templates

Emitter = Callable[..., None]
LongWay = Callable[[str, str, str, dict[str, Any]], None]
# (rank, actor, action, target, human, scope, fields, end) -> the event, or None for the long way
Composer = Callable[[int, str, str, str, str, Scope, dict[str, Any], str], Draft | None]

_TEXTS: Final = ("cute", "story")
_IDS: Final = FIELDS[FIELDS.index("correlation_id") : FIELDS.index("engine")]
_BODY: Final = FIELDS[FIELDS.index("engine") : FIELDS.index("emitted_by")]
_PLACE: Final = {name: place for place, name in enumerate(_IDS)}
_LONGEST: Final = 4096
_SMALL: Final = 10**11
"""Extra numbers from here on could be card numbers; the event's own fields are known not to be."""
_REMEMBERED_LENGTH: Final = 256
_DIGEST_LENGTH: Final = 64
_CACHE_LIMIT: Final = 4096
_COMPOSER_LIMIT: Final = 512


class _Plain(NamedTuple):
    """What was found plain: text, and its shape where other digits in it make no difference."""

    texts: set[str]
    shapes: set[bytes]


_is_digest = re.compile(f"[0-9a-f]{{{_DIGEST_LENGTH}}}").fullmatch
_encode = msgspec.json.Encoder().encode
_composers: dict[tuple[str, ...], Composer] = {}
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
    told = " ".join(new)
    if not told.isascii():
        return True
    shape = told.encode().translate(ZEROS)
    if shape in plain.shapes:
        return False
    if (
        len(told) > _LONGEST
        or not told.isprintable()
        or "\\" in told
        or (not redactor.clean(told) and any(map(redactor.wanted_spans, new)))
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


def _source(names: tuple[str, ...], extra: list[ExtraField]) -> str:
    """Return the source of what is generated for calls with these field names.

    That is `compose`, the composer; `Draft`, the event with fields of these names; and its `render`, which puts the
    line together.

    Args:
        names: the names of the call, in any order.
        extra: those that are registered extra fields, in the order of the line.
    """
    ids, body, texts = ([name for name in part if name in names] for part in (_IDS, _BODY, _TEXTS))
    more = {field.name: f"extra_{place}" for place, field in enumerate(extra)}  # a field's name may be no identifier
    strings = [name for name in (*ids, *body) if FIELD_TYPES[name] == (str,)]
    strings += [more[field.name] for field in extra if field.type is str]
    numbers = [name for name in (*body, *more.values()) if name not in strings]
    checks = [f"type({name}) is str" for name in ("target", "human", *texts, *strings)]
    checks += [f"type({name}) is int" for name in numbers]
    checks += [f"-{_SMALL} < {name} < {_SMALL}" for name in numbers if name not in body]
    if ids:
        checks.append(f"scope.last_place < {_PLACE[ids[0]]}")
    values = {name: name for name in (*ids, *body)} | more
    written = {
        name: f'"{name}":"{{{value}}}",' if value in strings else f'"{name}":{{{value}}},'
        for name, value in values.items()
    }
    pieces = ("target", "human", *texts, *strings)  # numbers say nothing: the checks above know them
    known = " and ".join(f"{piece} in plain_texts" for piece in pieces)
    taken = {**values, **dict(zip(texts, texts, strict=True))}
    lines = ["def compose(rank, actor, action, target, human, scope, fields, end):"]
    lines += [f"    {value} = fields[{name!r}]" for name, value in taken.items()]
    lines += [f"    if not ({' and '.join(checks)} and target and human): return None"]
    for name in ("human", *texts):
        lines += [f"    if '{{' in {name} or '}}' in {name}:"]
        lines += [f"        quick = quick_templates.get({name})"]
        lines += [f"        {name} = fill({name}, fields) if quick is None else quick[0] % quick[1](fields)"]
    lines += [f"    if not ({known}) and needs_care(({', '.join(pieces)})): return None"]
    lines += ["    return Draft(b'', rank, None, now() // 1000000, actor, action, target, human, scope.fields,"]
    lines += [f"        scope.fragment, end, {', '.join(taken.values())})"]
    texts_json = "".join(f'"{name}":"{{{name}}}",' for name in texts)
    head = '{{"emitted_at_ms":{draft.emitted_at_ms},"level":"{levels[draft.rank]}","actor":"{draft.actor}",'
    head += '"action":"{draft.action}","target":"{target}","human":"{human}",'
    tail = "".join(written[name] for name in (*ids, *body))
    rest = "{draft.end}"
    if extra:
        rest = "{draft.end[:-1]}," + "".join(written[name] for name in more)[:-1] + "}}"
    lines += ["def render(draft):"]
    lines += ["    target = draft.target", "    human = draft.human"]
    lines += [f"    {value} = draft.{OWN}{value}" for value in taken.values()]
    lines += [f"    if '\"' in {name}: {name} = {name}.replace('\"', '\\\\\"')" for name in pieces]
    lines += [f"    return f'{head}{texts_json}{{draft.bound_json}}{tail}{rest}'.encode()"]
    lines += [f"Draft = defstruct('Draft', [{', '.join(f'({OWN + value!r}, object)' for value in taken.values())}],"]
    lines += ["    bases=(Draft,), namespace={'render': render}, gc=False)"]
    return "\n".join(lines)


def _make_composer(names: tuple[str, ...]) -> Composer:
    """Return the composer for calls with these field names, made now and kept."""
    composers, plain = _composers, _plain
    if len(composers) >= _COMPOSER_LIMIT:
        composers.clear()
    composer: Composer = _long_way
    others = set(names) - {*_IDS, *_BODY, *_TEXTS}
    extra = [field for field in extra_fields().values() if field.name in others]
    if len(extra) < len(others):
        return composer  # not kept: the field may be registered yet
    if all(field.type in {str, int} and not PIPELINE.redactor.clean_verdict(field.name) for field in extra):
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
        # The source holds nothing but names of the taxonomy, which are `[a-z0-9_.-]`.
        exec(compile(_source(names, extra), "<narration composer>", "exec"), made)  # noqa: S102
        composer = made["compose"]
    composers[names] = composer
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
    ids = {name: value for name, value in scope.fields.items() if name in _PLACE}
    scope.others = {name: value for name, value in scope.fields.items() if name not in _PLACE}
    usual = scope.sources is SYSTEM and all(type(value) is str for value in ids.values())
    if usual and not _needs_care(ids.values()):
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
    usual = type(actor) is str and is_name(actor)

    # One frame on purpose: at a microsecond an event, every call inside would be felt.
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
