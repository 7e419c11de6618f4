"""Every place of a value where text may hide: nested containers, keys, bytes, exceptions, header pairs, arguments."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, Protocol

from narration_core.redaction._policy import MARKER
from narration_core.redaction._secret_names import TAXONOMY, Verdict, says_nothing

MAX_DEPTH: Final = 64
MAX_NODES: Final = 20_000
MAX_BYTES: Final = 1 << 20
_CARD_LEAST: Final = 10**11
_SEPARATOR: Final = " \x1f "

_PLAIN: Final = frozenset({int, float, bool, type(None)})
_CODES: Final = re.compile(r"(?i)pass(?:word|wd|code)|pwd|\bpin\b|_pin$|^pin_|otp|cvv|cvc|ssn|card|pan$|iban|phone")
_OPTION: Final = re.compile(r"--?[A-Za-z][\w\-]{0,40}")
_USER_OPTIONS: Final = frozenset({"-u", "--user", "-U", "--proxy-user", "--userpass"})
_PASSWORD_OPTIONS: Final = frozenset({"--pass", "--auth"})


_NAMING: Final = ("name", "key", "field", "param", "header", "variable", "attribute", "Name", "Key", "Field")
_VALUES: Final = frozenset({"value", "Value", "val", "values"})


class Texts(Protocol):
    """Whoever judges single texts and names: the redactor, which in turn has containers walked here."""

    clean_keys: set[str]
    clean_texts: set[str]

    def text(self, value: str, key: str | None = None) -> str:
        """Return a text without secrets, the same object when there is none."""

    def value(self, value: object, key: str | None = None) -> object:
        """Return any value without secrets."""

    def verdict(self, key: str) -> Verdict:
        """Return what a name says about its value."""

    def clean_verdict(self, key: str) -> Verdict:
        """Return the verdict on a name that may itself be a secret."""

    def key_is_secret(self, key: str) -> bool:
        """Tell whether a name promises a secret."""

    def clean(self, text: str) -> bool:
        """Tell whether a text needs no closer look."""

    def remember(self, texts: Sequence[str]) -> None:
        """Keep texts that were found clean."""


class _Budget:
    __slots__ = ("left",)

    def __init__(self) -> None:
        self.left = MAX_NODES


def _number(redactor: Texts, number: float, key: str | None) -> object:
    """Numbers are secrets as card numbers, and where a name says so (`pin`)."""
    if type(number) is bool or number is None:
        return number
    if key is not None:
        verdict = redactor.verdict(key)
        if verdict is Verdict.STRONG and _CODES.search(key) and (number > 99 or number < -99):
            return redactor.text(str(number), key)
    if type(number) is int and number >= _CARD_LEAST and not (key is not None and says_nothing(key)):
        told = str(number)
        hidden = redactor.text(told)
        return number if hidden == told else hidden
    return number


def _bytes(redactor: Texts, data: bytes | bytearray | memoryview, key: str | None) -> object:
    raw = bytes(data[:MAX_BYTES])
    told = raw.decode("utf-8", "surrogateescape")
    hidden = redactor.text(told, key)
    if hidden is told and len(data) <= MAX_BYTES:
        return data
    changed = hidden.encode("utf-8", "surrogateescape")
    if len(data) > MAX_BYTES:  # more than anybody reads; what was not looked at does not leave
        changed += b"...[cut]"
    return bytearray(changed) if isinstance(data, bytearray) else changed


def exception_text(error: BaseException) -> str:
    """Return everything that an exception says: its message, notes, causes, contexts and members of groups, bounded."""
    lines: list[str] = []
    todo: list[BaseException] = [error]
    seen: set[int] = set()
    while todo and len(lines) < 50:
        current = todo.pop()
        if id(current) in seen:
            continue
        seen.add(id(current))
        lines.append(f"{type(current).__name__}: {current}")
        lines += map(str, getattr(current, "__notes__", ()) or ())
        todo += [other for other in (current.__context__, current.__cause__) if other is not None]
        if isinstance(current, BaseExceptionGroup):
            todo += current.exceptions
    return "\n".join(lines)


def _told(redactor: Texts, value: object, key: str | None) -> object:
    """An object is told by its `str()`; it stays itself when that is clean."""
    told = exception_text(value) if isinstance(value, BaseException) else str(value)
    hidden = redactor.text(told, key)
    return value if hidden is told else hidden


def _mapping(redactor: Texts, value: Mapping[Any, Any], depth: int, budget: _Budget, *, forced: bool) -> object:
    changed = False
    result: dict[Any, Any] = {}
    items = list(value.items())
    # {"name": "password", "value": "..."}: the name stands in a field of its own.
    named = next(filter(None, map(value.get, _NAMING)), None) if value.keys() & _VALUES else None
    named = named if type(named) is str and len(named) < 128 else None
    for name, item in items:
        key = name if type(name) is str else None
        effective = named if named is not None and key in _VALUES else key
        clean = redactor.text(name) if type(name) is str else _walk(redactor, name, None, depth + 1, budget)
        hidden = _walk(
            redactor, item, effective, depth + 1, budget, forced=forced and not (key is not None and says_nothing(key))
        )
        changed = changed or hidden is not item or clean is not name
        while clean in result:
            clean = f"{clean}_"
        result[clean] = hidden
    if not changed:
        return value
    if type(value) is dict or not isinstance(value, dict):
        return result
    try:
        rebuilt = value.copy()
        rebuilt.clear()
        rebuilt.update(result)
    except Exception:  # noqa: BLE001 - a dict of its own kind that does not like to be copied
        return result
    return rebuilt


def _sequence(  # noqa: C901 - pairs and arguments are one walk
    redactor: Texts, value: Any, key: str | None, depth: int, budget: _Budget, *, forced: bool
) -> object:
    items = list(value)
    pair = len(items) == 2 and isinstance(items[0], str | bytes)
    hidden = []
    before: str | None = None
    for index, item in enumerate(items):
        name = key
        if pair and index == 1:
            first = items[0]
            name = first if isinstance(first, str) else first.decode("utf-8", "replace")
            name = name if len(name) < 128 and redactor.verdict(name.lstrip("-")) else key
        elif before is not None:
            name = before
        before = None
        if type(item) is str and _OPTION.fullmatch(item):
            if item in _USER_OPTIONS:
                before = "userpass:"
            elif item in _PASSWORD_OPTIONS or (redactor.key_is_secret(item.lstrip("-")) and item.startswith("--")):
                before = item.lstrip("-")
        if name == "userpass:":
            hidden.append(_user_password(redactor, item))
        else:
            hidden.append(_walk(redactor, item, name, depth + 1, budget, forced=forced))
    if all(new is old for new, old in zip(hidden, items, strict=True)):
        return value
    if isinstance(value, tuple):
        return type(value)._make(hidden) if hasattr(value, "_make") else tuple(hidden)
    if isinstance(value, set | frozenset):
        return type(value)(hidden)
    return hidden


def _user_password(redactor: Texts, item: object) -> object:
    if type(item) is str and ":" in item:
        user, _, password = item.partition(":")
        if password and not password.isdigit():
            hidden = redactor.text(password, "password")
            return item if hidden is password else f"{user}:{hidden}"
    return redactor.value(item)


def _walk(redactor: Texts, value: Any, key: str | None, depth: int, budget: _Budget, *, forced: bool = False) -> object:
    kind = type(value)
    if kind is str:
        return redactor.text(value, "secret" if forced else key)
    if kind in _PLAIN:
        return _number(redactor, value, key)
    budget.left -= 1
    if depth > MAX_DEPTH or budget.left <= 0:
        return MARKER
    if isinstance(value, Mapping):
        return _mapping(
            redactor, value, depth, budget, forced=forced or (key is not None and redactor.key_is_secret(key))
        )
    if isinstance(value, list | tuple | set | frozenset):
        return _sequence(redactor, value, key, depth, budget, forced=forced)
    if isinstance(value, bytes | bytearray | memoryview):
        return _bytes(redactor, value, "secret" if forced else key)
    if isinstance(value, str):  # a subclass: an enum, a lazy string
        told = str(value)
        hidden = redactor.text(told, "secret" if forced else key)
        return value if hidden is told or hidden == told else hidden
    return _told(redactor, value, "secret" if forced else key)


def value(redactor: Texts, item: object, key: str | None = None) -> object:
    """Return any value without secrets, the same object when there is none."""
    return _walk(redactor, item, key, 0, _Budget())


def _unknown(redactor: Texts, given: Mapping[str, object]) -> list[str] | None:
    """Return the texts of an event that are new to the redactor; None when it holds more than text and small numbers."""
    known = redactor.clean_texts
    new: list[str] = []
    for key, item in given.items():
        kind = type(item)
        if kind is str:
            if item not in known:
                new.append(item)  # type: ignore[arg-type]  # by kind
        elif kind is int:
            if item >= _CARD_LEAST and key not in TAXONOMY and not says_nothing(key):  # type: ignore[operator]
                return None
        elif kind not in _PLAIN:
            return None
    return new


def _is_clean(redactor: Texts, given: Mapping[str, object]) -> bool:
    """Tell whether an event is surely clean: its names are, and one scan over all text that is new finds nothing."""
    if not given.keys() <= redactor.clean_keys and any(list(map(redactor.clean_verdict, given))):
        return False
    new = _unknown(redactor, given)
    if not new:
        return new is not None
    if not redactor.clean(_SEPARATOR.join(new)):
        return False
    redactor.remember(new)
    return True


def fields(redactor: Texts, given: Mapping[str, object]) -> dict[str, object]:
    """Return an event's fields without secrets, the same object when there is none and it is a dict."""
    if _is_clean(redactor, given):
        return given if type(given) is dict else dict(given)
    clean_keys = redactor.clean_keys
    hidden: dict[str, object] = {}
    changed = False
    budget = _Budget()
    for key, item in given.items():
        clean = key if key in clean_keys else redactor.text(key)
        new = _walk(redactor, item, key, 1, budget)
        changed = changed or new is not item or clean is not key
        hidden[clean] = new
    if changed or type(given) is not dict:
        return hidden
    return given


__all__ = ["exception_text", "fields", "value"]
