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

from narration_core._bounded import ENTRIES, BoundedDict, BoundedSet
from narration_core._clock import SYSTEM
from narration_core._event import Draft, Event, encode
from narration_core._fast_path_source import BODY, ID_INDEX, MOMENT, TEXTS, Declared, source
from narration_core._generated import run_source
from narration_core._levels import EMITTING
from narration_core._scope import Scope, StackedScope, resolved, without_actor
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
_CARELESS: Final = frozenset(range(ord(" "), ord("~") + 1)) - {ord("\\")}
_PLAIN: Final = bytes(ZEROS[code] if code in _CARELESS else 0xFF for code in range(256))
"""For `bytes.translate`: text with every digit a zero, and beyond ASCII where it is not plain."""
_is_digest = re.compile(f"[0-9a-f]{{{_DIGEST_LENGTH}}}").fullmatch
# W3C ids, `traceparent`, UUIDs and the worker's ids of jobs. Digits alone may be a card number.
_is_made_id = re.compile(
    "(?:job-)?(?=[0-9-]*[a-f])(?:[0-9a-f]{32}|[0-9a-f]{16}|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
    "|00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2})"
).fullmatch
_MADE_IDS: Final = (
    "3b241101-e2bb-4255-8caf-4136c566a962",
    "4bf92f3577b34da6a3ce929d0e0e4736",
    "00f067aa0ba902b7",
    "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    "job-00f067aa0ba902b7",
)
_MADE_LENGTHS: Final = frozenset(map(len, _MADE_IDS))
_encode = msgspec.json.Encoder().encode


class BoundFields:
    """What the fast path derives from the fields of a scope.

    Attributes:
        owner: the fast path that derived it.
        fields: the bound fields.
        json: the ids among them as checked JSON, each followed by a comma; None when they need the slow way.
        last_place: the index of the last of these ids, -1 when there is none.
        others: the bound fields that are not ids.
        jobless: the same without `job_id`, where a job is bound; None until it is asked for.
    """

    __slots__ = ("fields", "jobless", "json", "last_place", "others", "owner")

    def __init__(self, owner: "FastPath", fields: Mapping[str, Any]) -> None:
        self.owner = owner
        self.fields = fields
        self.others: dict[str, Any] = {}
        self.json: str | None = None
        self.last_place = -1
        self.jobless: BoundFields | None = None

    @property
    def lifecycle(self) -> "BoundFields | None":
        """The same without `job_id`, for lifecycle points; None until it is asked for."""
        # Nothing that holds itself: it would stay until the garbage collector comes, one for each request.
        return self.jobless if "job_id" in self.fields else self


def _slow(*_: Any) -> None:
    """Compose nothing: for field names whose calls are always built the slow way."""


class FastPath:
    """The fast path under one configuration; another redactor may judge names and texts differently.

    Args:
        settings: the configuration.
        counts: where misses and failures are counted.

    Attributes:
        composers: the generated functions, by the names of the fields, for a declared point by it and these.
        text_needs_care: returns whether new text is anything but plain: short printable ASCII without secrets, with
            quotes at most. Plain text is remembered for a while, because programs repeat themselves, some with other
            numbers each time, so only what is new of an event is looked at. Text with secrets is never remembered. A
            SHA-256 that stands by itself is always new and never a secret, unless a pattern of the policy's own says
            so. Called with a text, or with several and these joined.
    """

    def __init__(self, settings: Settings, counts: Counts) -> None:
        self._composers: BoundedDict[tuple[Any, ...], Composer | None] = BoundedDict(_COMPOSER_LIMIT, _COMPOSER_BYTES)
        self.composers = self._composers.found
        self._names: BoundedSet[str] = BoundedSet()
        self._strict = settings.strict
        self._redactor = settings.redactor
        self._counts = counts
        self._made_ids_are_plain: bool | None = None  # until the first event: the rules are loaded with it
        self._texts: BoundedSet[str] = BoundedSet()
        self._shapes: BoundedSet[bytes] = BoundedSet()
        self.text_needs_care = self._new_judge()
        self._globals: dict[str, Any] = {
            "Draft": Draft,
            "defstruct": msgspec.defstruct,
            "end": encode(Event(emitted_by=settings.emitted_by)).decode()[1:],
            "fill": fill_simple,
            "is_new_name": self._is_new_name,
            "levels": EMITTING,
            "names": self._names.seen,
            "needs_care": self.needs_care,
            "text_needs_care": self.text_needs_care,
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

    def prepare_ids(self, scope: Scope, json: str, last: str, correlation_id: str | None = None) -> None:
        """Prepare the scope of a request or a call, whose ids its bridge has checked and written already.

        Where that is not possible the scope is left as it is, and prepared when its first event is told.

        Args:
            scope: it holds nothing but ids.
            json: these as JSON, each followed by a comma; none of them holds a quote.
            last: the name of the last one.
            correlation_id: the one that is still to be looked at for secrets. The others have the form of ids that are
                made here, or were looked at.
        """
        if not self._made_ids_are_plain or scope.sources is not SYSTEM:
            return
        if (
            correlation_id is None
            or correlation_id in self._texts.seen
            or _is_made_id(correlation_id)
            or not self.text_needs_care(correlation_id)
        ):
            bound = scope.prepared = BoundFields(self, scope.fields)
            bound.json = json
            bound.last_place = ID_INDEX[last]

    def without_job(self, bound: BoundFields) -> BoundFields:
        """Return the same for a lifecycle point, and keep it there."""
        fields = {name: value for name, value in bound.fields.items() if name != "job_id"}
        bound.jobless = self._prepared(fields, ordinary=bound.json is not None)
        return bound.jobless

    def _prepared(self, fields: Mapping[str, Any], *, ordinary: bool) -> BoundFields:
        if "actor" in fields:
            fields = without_actor(fields)
        bound = BoundFields(self, fields)
        # One pass, and no call more than needed: every request has a scope of its own.
        written = ""
        last = ""
        new: list[str] = []
        texts = self._texts.seen
        plain = self._made_ids_are_plain
        if plain is None:
            plain = self._made_ids_are_plain = self._no_made_id_is_hidden()
        for name, value in fields.items():
            if name not in ID_INDEX:
                bound.others[name] = value
                continue
            if type(value) is not str:
                ordinary = False
                continue
            if value not in texts and not (plain and _is_made_id(value)):
                new.append(value)
            written += f'"{name}":"{value}",' if '"' not in value else f'"{name}":{_encode(value).decode()},'
            last = name
        if ordinary and not (new and (self.text_needs_care(new[0]) if len(new) == 1 else self.needs_care(new))):
            bound.last_place = ID_INDEX[last] if last else -1
            bound.json = written
        return bound

    def _no_made_id_is_hidden(self) -> bool:
        """Return whether ids of the forms that are made here are plain; a policy may have patterns of its own."""
        return not (self._redactor.own_patterns or any(map(self._redactor.wanted_spans, _MADE_IDS)))

    def _is_new_name(self, name: str) -> bool:
        """Return whether an actor or action that was not seen before is valid and has no secret, and remember it."""
        if not is_name(name) or self._redactor.wanted_spans(name):
            return False
        self._names.keep(name)
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
        if all(map(self._is_plain_where_its_text_is, extra)):
            written = source(names, extra, point, strict=self._strict)
            if written is not None and not (point and self.needs_care(point.texts.values())):
                label = f"{point.actor} {point.action}" if point else "call"
                label += f" with {', '.join(names) or 'no fields'}"
                composer = run_source(written, label, self._globals)["compose"]
        self._composers.keep(key, composer, _COST_OF_SOURCE * len(written or ""))
        return composer

    def _is_plain_where_its_text_is(self, field: ExtraField) -> bool:
        """Tell whether no name makes a secret of the values that are taken here: any text, and small numbers."""
        if field.type is int:
            return not self._redactor.hides_numbers(field.name)
        return field.type is str and not self._redactor.suspicious_key(field.name)

    def _new_judge(self) -> Callable[..., bool]:  # noqa: C901 - one call less is felt
        """Return `text_needs_care`: everything bound, because a microsecond is all there is."""
        redactor, known, known_shapes = self._redactor, self._texts, self._shapes
        texts, shapes = known.seen, known_shapes.seen
        own_patterns = bool(redactor.own_patterns)

        def text_needs_care(text: str, pieces: Sequence[str] = ()) -> bool:  # noqa: C901, PLR0912 - as above
            length = len(text)
            if length >= _DIGEST_LENGTH:
                if length > _LONGEST:
                    return True
                if length == _DIGEST_LENGTH and not pieces and not own_patterns and _is_digest(text):
                    return False
            try:
                data = text.encode()
            except UnicodeEncodeError:  # a lone surrogate
                return True
            shape = data.translate(_PLAIN)
            # Text without digits and hits cannot match a rule: nothing but the scan.
            if shape != data or own_patterns or not text or redactor.hits(text):
                if not shape.isascii() or not text:
                    return True  # an event without a target or a sentence is a mistake; an empty field is rare
                if shape in shapes:
                    return False
                if not redactor.clean_of_shape(text, data, shape) and any(
                    map(redactor.wanted_spans, pieces or (text,))
                ):
                    return True
                if shape in redactor.clean_shapes:
                    known_shapes.keep(shape)
            if length <= _REMEMBERED_LENGTH:
                if pieces:
                    known.keep(*pieces)
                else:
                    if len(texts) >= ENTRIES:
                        known.clear()
                    texts.add(text)  # short: so many of them are within the limit in bytes as well
            return False

        return text_needs_care

    def needs_care(self, pieces: Iterable[str]) -> bool:
        """Return whether any of several strings needs care; what is new of them is looked at in one scan.

        Args:
            pieces: the strings of an event.
        """
        texts = self._texts.seen
        own_patterns = self._redactor.own_patterns
        new = [
            piece
            for piece in pieces
            if piece not in texts
            and (own_patterns or len(piece) != _DIGEST_LENGTH or not _is_digest(piece))
            and not (len(piece) in _MADE_LENGTHS and self._made_ids_are_plain and _is_made_id(piece))
        ]
        if len(new) > 1:
            return "" in new or self.text_needs_care(" ".join(new), new)
        return bool(new) and self.text_needs_care(new[0])

    def failed(self, error: Exception) -> None:
        """Count an exception in the code of the fast path; raise it in strict mode.

        Args:
            error: what was raised.
        """
        self._counts.failed += 1
        self._counts.last_internal_error = error
        if self._strict:
            raise error
