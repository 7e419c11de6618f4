"""The fast path: an ordinary event goes to the sinks as a draft, and its line is built when a sink needs it.

Most events have registered names, the right types, clean ASCII text and nothing to redact. For each set of field
names, and for each of a declared point, a small function is generated once (`_fast_path_source`): it checks the types,
shows new text to the redactor's gate in one scan, and makes the draft. Bound ids are encoded and checked once for each
scope; other bound fields are taken as if the call had given them. Whatever is unusual is built the slow way,
`Pipeline.emit`. Both ways give the same bytes; `tests/core/test_fast_path.py` holds them to it.
"""

import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec

from narration_core._bounded import BoundedDict, BoundedSet
from narration_core._clock import SYSTEM
from narration_core._event import Draft, Event, encode
from narration_core._fast_path_source import BODY, ID_INDEX, MOMENT, TEXTS, Declared, source
from narration_core._generated import run_source
from narration_core._levels import EMITTING
from narration_core._scope import Scope, StackedScope, resolved
from narration_core._settings import Counts, Settings
from narration_core._taxonomy import ExtraField, extra_fields
from narration_core._text import fill_simple, is_name, quick_template
from narration_core._undisturbed import undisturbed
from narration_core.redaction._redactor import ZEROS

Composer = Callable[..., Draft | None]
_LONGEST: Final = 4096
_REMEMBERED_LENGTH: Final = 256
_DIGEST_LENGTH: Final = 64
_COMPOSER_LIMIT: Final = 1024
_COMPOSER_BYTES: Final = 16 << 20
_COST_OF_SOURCE: Final = 4  # bytes of code, source and draft for each character of source
_is_digest = re.compile(f"[0-9a-f]{{{_DIGEST_LENGTH}}}").fullmatch
_encode = msgspec.json.Encoder().encode


class BoundFields:
    """What the fast path derives from the fields of a scope.

    Attributes:
        owner: the fast path that derived it.
        fields: the bound fields.
        json: the ids among them as checked JSON, each followed by a comma; None when they need the slow way.
        last_place: the index of the last of these ids, -1 when there is none.
        others: the bound fields that are not ids.
        lifecycle: the same without `job_id`, for lifecycle points; None until it is asked for.
    """

    __slots__ = ("fields", "json", "last_place", "lifecycle", "others", "owner")

    def __init__(self, owner: "FastPath", fields: Mapping[str, Any]) -> None:
        self.owner = owner
        self.fields = fields
        self.others = {name: value for name, value in fields.items() if name not in ID_INDEX}
        self.json: str | None = None
        self.last_place = -1
        self.lifecycle: BoundFields | None = None if "job_id" in fields else self


def _slow(*_: Any) -> None:
    """Compose nothing: for field names whose calls are always built the slow way."""


class FastPath:
    """The fast path under one configuration; another redactor may judge names and texts differently.

    Args:
        settings: the configuration.
        counts: where misses and failures are counted.
    """

    def __init__(self, settings: Settings, counts: Counts) -> None:
        self._composers: BoundedDict[tuple[Any, ...], Composer | None] = BoundedDict(_COMPOSER_LIMIT, _COMPOSER_BYTES)
        self.composers = self._composers.found
        self._actions: BoundedSet[str] = BoundedSet()
        self._strict = settings.strict
        self._redactor = settings.redactor
        self._counts = counts
        self._texts: BoundedSet[str] = BoundedSet()
        self._shapes: BoundedSet[bytes] = BoundedSet()
        self._globals: dict[str, Any] = {
            "Draft": Draft,
            "actions": self._actions.seen,
            "defstruct": msgspec.defstruct,
            "end": encode(Event(emitted_by=settings.emitted_by)).decode()[1:],
            "fill": fill_simple,
            "is_new_action": self._is_new_action,
            "levels": EMITTING,
            "needs_care": self.needs_care,
            "now": time.time_ns,
            "plain_texts": self._texts.seen,
            "quick_template": quick_template,
        }

    def prepare(self, scope: Scope) -> BoundFields:
        """Return what the fast path needs of the active scope, and keep it there.

        Args:
            scope: the scope that is set here.
        """
        if type(scope) is StackedScope:
            active = resolved(scope)
            if type(active) is StackedScope:
                if active.derived.owner is not self:
                    active.derived = self._prepared(active.fields, ordinary=active.sources is SYSTEM)
                found: BoundFields = active.derived
                return found
            scope = active
            if scope.prepared.owner is self:
                return scope.prepared  # type: ignore[no-any-return]  # the slot takes anything
        bound = scope.prepared = self._prepared(scope.fields, ordinary=scope.sources is SYSTEM)
        return bound

    def without_job(self, bound: BoundFields) -> BoundFields:
        """Return the same for a lifecycle point, and keep it there."""
        fields = {name: value for name, value in bound.fields.items() if name != "job_id"}
        bound.lifecycle = self._prepared(fields, ordinary=bound.json is not None)
        return bound.lifecycle

    def _prepared(self, fields: Mapping[str, Any], *, ordinary: bool) -> BoundFields:
        bound = BoundFields(self, fields)
        ids = {name: value for name, value in fields.items() if name in ID_INDEX}
        if ordinary and all(type(value) is str for value in ids.values()) and not self.needs_care(ids.values()):
            bound.last_place = ID_INDEX[next(reversed(ids))] if ids else -1
            bound.json = _encode(ids)[1:-1].decode() + "," if ids else ""
        return bound

    def _is_new_action(self, action: str) -> bool:
        """Return whether an action that was not seen before is a valid name, and remember it."""
        if not is_name(action):
            return False
        self._actions.keep(action)
        return True

    def composer(self, names: tuple[str, ...], point: Declared | None = None) -> Composer:
        """Return the composer for calls with these field names, generated now and kept.

        Generating one costs as much as some hundred events. One for a declared point is generated when the point
        is called for the second time: most points of a start, and of most commands, are called once.

        Args:
            names: the field names of the call, those bound besides the ids included.
            point: the declared point that is called, if it is one.
        """
        key = names if point is None else (point, names)
        if point is not None and key not in self.composers:
            self._composers.keep(key, None)
            return _slow
        others = set(names) - {*ID_INDEX, *BODY, *TEXTS, MOMENT}
        extra = [field for field in extra_fields().values() if field.name in others]
        if len(extra) < len(others):
            return _slow  # not kept: the field may be registered later
        return undisturbed(lambda: self._generated(key, names, extra, point))

    def _generated(
        self, key: tuple[Any, ...], names: tuple[str, ...], extra: Sequence[ExtraField], point: Declared | None
    ) -> Composer:
        """Return the composer that is kept under a key, generated first where nobody else has."""
        composer = self.composers.get(key) or _slow
        if composer is not _slow:
            return composer
        written = None
        if all(field.type in {str, int} and not self._redactor.suspicious_key(field.name) for field in extra):
            written = source(names, extra, point, strict=self._strict)
            if written is not None and not (point and self.needs_care(point.texts.values())):
                label = f"{point.actor} {point.action}" if point else "call"
                label += f" with {', '.join(names) or 'no fields'}"
                composer = run_source(written, label, self._globals)["compose"]
        self._composers.keep(key, composer, _COST_OF_SOURCE * len(written or ""))
        return composer

    def needs_care(self, pieces: Iterable[str]) -> bool:
        """Return whether text is anything but plain: short printable ASCII without secrets, with quotes at most.

        Plain text is remembered for a while, because programs repeat themselves, some with other numbers each time,
        so only what is new of an event is looked at. Text with secrets is never remembered. A SHA-256 that stands by
        itself is always new and never a secret, unless a pattern of the policy's own says so.

        Args:
            pieces: the strings of an event.
        """
        texts, redactor = self._texts.seen, self._redactor
        new = [piece for piece in pieces if piece not in texts]
        if not redactor.own_patterns:
            new = [piece for piece in new if len(piece) != _DIGEST_LENGTH or not _is_digest(piece)]
        if not new:
            return False
        if "" in new:
            return True  # an event without a target or a sentence is a mistake; an empty field is not worth a check
        joined = " ".join(new)
        if not joined.isascii():
            return True
        data = joined.encode()
        shape = data.translate(ZEROS)
        if shape in self._shapes.seen:
            return False
        if (
            len(joined) > _LONGEST
            or not joined.isprintable()
            or "\\" in joined
            or (not redactor.clean_of_shape(joined, data, shape) and any(map(redactor.wanted_spans, new)))
        ):
            return True
        if shape in redactor.clean_shapes:
            self._shapes.keep(shape)
        if len(joined) <= _REMEMBERED_LENGTH:
            self._texts.keep(*new)
        return False

    def failed(self, error: Exception) -> None:
        """Count an exception in the code of the fast path; raise it in strict mode.

        Args:
            error: what was raised.
        """
        self._counts.failed += 1
        self._counts.last_internal_error = error
        if self._strict:
            raise error
