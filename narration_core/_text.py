"""Text that may be written to a log: hygiene, limits, names and templates."""

import operator
import re
import sys
from collections.abc import Callable, Mapping
from functools import cache
from typing import Final, NamedTuple

from narration_core._bounded import BoundedDict
from narration_core._interruption import pass_on
from narration_core.nouns import noun

MAX_TEXT: Final = 8192
"""Longest text value of an event, in characters; a longer one is cut, with a marker."""

MAX_READ: Final = MAX_TEXT + 16 * 1024
"""How much of a text redaction reads, in characters: a secret that ends behind the limit is found whole."""

HUMAN_LIMIT: Final = 100
"""The longest template of `human`, in characters."""

CUTE_LIMIT: Final = 150
"""The longest template of `cute`, in characters."""

STORY_LIMIT: Final = 200
"""The longest template of `story`, in characters."""

_SPACES = "\t\n\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"
_INVISIBLE = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    "\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
_CUT = re.compile(r"\.\.\.\[(\d{1,18}) more characters\]\Z")
_OUTCOME = re.compile(r"(?:Finished|Cancelled|Failed \([^()]*\)): ")
_NAME = re.compile(r"[a-z0-9_.-]{1,128}\Z")
_NOT_NAME = re.compile(r"[^a-z0-9_.-]")

# A width or precision of five digits and more would let a template make a value of any size.
_UNBOUNDED_SPEC = re.compile(r"[{}]|[0-9]{5}")

# Of a number that counts something: `token|tokens`.
_NOUNS = re.compile(r"([^\W\d_][\w -]*)\|([^\W\d_][\w -]*)")


@cache
def _unwanted() -> re.Pattern[str]:
    """Return what must not be in a log; compiled when the first text is not plain ASCII."""
    return re.compile(f"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff{_INVISIBLE}]")


def _replacement(found: re.Match[str]) -> str:
    char = found.group()
    if char in _SPACES:
        return " "
    return "\ufffd" if "\ud800" <= char <= "\udfff" else ""


def limited(value: str, limit: int = MAX_READ) -> str:
    """Return text that is cut when it is too long, and says so; text that was cut before keeps one note.

    Args:
        value: any text.
        limit: longest text allowed, in characters; the note comes on top.
    """
    if len(value) <= limit:
        return value
    lost = 0
    cut = _CUT.search(value, len(value) - 50)
    if cut is not None:
        value, lost = value[: cut.start()], int(cut[1])
        if len(value) <= limit:
            return value + cut[0]
    return f"{value[:limit]}...[{len(value) - limit + lost} more characters]"


def clean(value: str, limit: int = MAX_TEXT) -> str:
    """Return text that cannot forge, hide or break a log line; the same object when nothing had to change.

    Line ends and tabs become spaces; other controls, zero-width, bidirectional and byte-order marks
    go; lone surrogates become U+FFFD; what is longer than the limit is cut with a note.

    Args:
        value: any text.
        limit: longest text allowed, in characters; the note comes on top.
    """
    value = limited(value, limit)
    if value.isascii() and value.isprintable():
        return value
    return _unwanted().sub(_replacement, value)


def without_outcome(value: str) -> str:
    """Return a sentence without the words that a span puts before it at its end: they are not the author's."""
    return _OUTCOME.sub("", value, count=1)


def is_absent(value: object) -> bool:
    """Return whether nothing was given: None or empty text. Any other value may raise when asked for its truth."""
    return value is None or (type(value) is str and not value)


def is_name(value: str) -> bool:
    """Return whether text may be an actor or an action: ASCII `[a-z0-9_.-]`, 1 to 128 characters."""
    return _NAME.match(value) is not None


def to_name(value: str) -> str:
    """Return the nearest valid actor or action name: lower case, every other character an underscore."""
    return _NOT_NAME.sub("_", value.strip().lower())[:128] or "unknown"


class Masked(str):
    """A field's text with secrets masked: a template fills it in whole, whatever its format spec asks for."""

    __slots__ = ()

    def __format__(self, spec: str) -> str:
        """Return the text; a spec would cut the marker, or make the template fail on it."""
        return str(self)


class Slot(NamedTuple):
    """What a printf format takes: a field's value or, when it has nouns, the one that goes with that number."""

    field: str
    nouns: tuple[str, str] | None = None


class _Template:
    """A template taken apart once: literal text and, between, (field, format spec, text as written)."""

    __slots__ = ("faults", "fields", "parts", "printf", "simple", "slots", "text")

    def __init__(self, text: str) -> None:
        from string import Formatter  # noqa: PLC0415 - a program that reads logs fills no templates

        self.text = text
        self.parts: list[str | tuple[str, str, str]] = []
        self.simple = True
        faults: list[str] = []
        try:
            pieces = list(Formatter().parse(text))
        except ValueError:  # unbalanced braces: the text is not a template
            pieces = [(text, None, None, None)]
            self.simple = False
            faults.append(text)
        for literal, name, spec, conversion in pieces:
            if literal:
                self.parts.append(literal)
            if name is None:
                continue
            written = "{" + name + (f"!{conversion}" if conversion else "") + (f":{spec}" if spec else "") + "}"
            if name.isidentifier() and conversion is None and not _UNBOUNDED_SPEC.search(spec or ""):
                self.parts.append((name, spec or "", written))
            else:
                self.parts.append(written)
                self.simple = False
                faults.append(written)
        self.fields = tuple(part[0] for part in self.parts if isinstance(part, tuple))
        self.faults = tuple(faults)
        self.printf: str | None = None  # where every field is filled in as it is, or with its noun
        self.slots: tuple[Slot, ...] = ()
        nouns = [None if isinstance(part, str) else _nouns(part[1]) for part in self.parts]
        if self.simple and all(
            isinstance(part, str) or not part[1] or pair for part, pair in zip(self.parts, nouns, strict=True)
        ):
            forms, slots = [], []
            for part, pair in zip(self.parts, nouns, strict=True):
                if isinstance(part, str):
                    forms.append(part.replace("%", "%%"))
                    continue
                forms.append("%s %s" if pair else "%s")
                slots += [Slot(part[0]), Slot(part[0], pair)] if pair else [Slot(part[0])]
            self.printf, self.slots = "".join(forms), tuple(slots)


def _nouns(spec: str) -> tuple[str, str] | None:
    """Return the nouns of a spec like `token|tokens`: for one, and for any other number."""
    found = _NOUNS.fullmatch(spec) if "|" in spec else None
    return (found[1], found[2]) if found else None


def _formatted(value: object, spec: str) -> str:
    """Return a value as its spec asks for it.

    Raises:
        ValueError: the spec does not fit the value.
    """
    if isinstance(value, int | float) and type(value) is not bool and (nouns := _nouns(spec)) is not None:
        return f"{value} {noun(value, *nouns)}"
    return format(value, spec)


_templates: BoundedDict[str, _Template] = BoundedDict()
_quick: BoundedDict[str, tuple[str, Callable[[Mapping[str, object]], object]]] = BoundedDict()
quick_template = _quick.found.get
"""Returns a template of plain `{name}`s as a printf format and what picks its fields, for texts and whole numbers only.

None when `fill_simple` has not filled it in yet or it needs `fill`."""

_COST: Final = 700  # bytes of an entry besides its text, which is kept about four times


def _template(text: str) -> _Template:
    return _templates.found.get(text) or _templates.keep(text, _Template(text), 4 * sys.getsizeof(text) + _COST)


def fill(text: str, fields: Mapping[str, object]) -> str:
    """Return a template with its fields filled in.

    Only `{name}` and `{name:spec}` are templates: no attribute, index or conversion. What names no
    field, or whose spec does not fit its value, stays as it is written. Values are never parsed.
    A spec of two nouns counts: `{tokens:token|tokens}` becomes "1 token" or "2 tokens".

    Args:
        text: the template.
        fields: the event's own fields.
    """
    if "{" not in text and "}" not in text:
        return text
    template = _template(text)
    if template.simple:
        try:
            return text.format_map(fields)
        except BaseException as error:  # noqa: BLE001 - a value's own __format__ may raise anything
            pass_on(error, of_value=True)  # else it is filled in piece by piece below
    filled = []
    for part in template.parts:
        if isinstance(part, str):
            filled.append(part)
            continue
        name, spec, written = part
        try:
            filled.append(_formatted(fields[name], spec))
        except BaseException as error:  # noqa: BLE001 - as above
            pass_on(error, of_value=True)
            filled.append(written)
    return "".join(filled)


def fill_simple(text: str, fields: Mapping[str, object]) -> str:
    """Return a template filled in: `fill` without its slow parts, for templates and fields that do not need them.

    Raises:
        LookupError: the template needs `fill`.
        ValueError: a spec does not fit its value.
    """
    if "{" not in text and "}" not in text:
        return text
    template = _template(text)
    if not template.simple:
        raise LookupError(text)
    if template.printf is not None and template.fields and len(template.slots) == len(template.fields):
        quick = (template.printf, operator.itemgetter(*template.fields))
        _quick.keep(text, quick, 2 * sys.getsizeof(text) + _COST)
    return text.format_map(fields)


def as_printf(text: str) -> tuple[str, tuple[Slot, ...]] | None:
    """Return a template as a printf format and what it takes, in order; None when it needs `fill`."""
    template = _template(text)
    return None if template.printf is None else (template.printf, template.slots)


def template_fields(text: str) -> tuple[str, ...]:
    """Return the names of the fields that a template uses, in order of appearance."""
    return _template(text).fields if "{" in text else ()


def template_faults(text: str, fields: Mapping[str, object]) -> list[str]:
    """Return the pieces of a template that stay as they are written because their name or format spec is not valid.

    Args:
        text: the template.
        fields: the event's own fields.
    """
    if "{" not in text and "}" not in text:
        return []
    template = _template(text)
    faults = list(template.faults)
    for part in template.parts:
        if isinstance(part, tuple) and part[0] in fields:
            try:
                _formatted(fields[part[0]], part[1])
            except BaseException as error:  # noqa: BLE001 - a value's own __format__ may raise anything
                pass_on(error, of_value=True)
                faults.append(part[2])
    return faults
