"""Every place of a value where text may hide: nested containers, keys, bytes, exceptions, header pairs, arguments."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, Protocol

from narration_core.redaction import _records as records
from narration_core.redaction._checks import typed
from narration_core.redaction._elements import CREDENTIAL_PAIR, names_before
from narration_core.redaction._encodings import text_encoding
from narration_core.redaction._policy import RedactionPolicy
from narration_core.redaction._secret_names import STRONG, TAXONOMY, Verdict, says_nothing
from narration_core.redaction._values import sentences

MAX_DEPTH: Final = 64
MAX_NODES: Final = 20_000
MAX_BYTES: Final = 1 << 20
_CARD_LEAST: Final = 10**11
_SEPARATOR: Final = " \x1f "

_PLAIN: Final = frozenset({int, float, bool, type(None)})
_LOGINS: Final = frozenset(
    ["auth", "basicauth", "httpauth", "proxyauth", "login", "credentials", "creds", "userpass", "userinfo"]
)
_CODES: Final = re.compile(r"(?i)pass(?:word|wd|code)|pwd|\bpin\b|_pin$|^pin_|otp|cvv|cvc|ssn|card|pan$|iban|phone")


class Texts(Protocol):
    """Whoever judges single texts and names: the redactor, which in turn has containers walked here."""

    policy: RedactionPolicy
    clean_keys: set[str]
    clean_texts: set[str]

    def text(self, value: str, key: str | None = None) -> str:
        """Return a text without secrets, the same object when there is none."""

    def together(self, texts: Sequence[str]) -> Sequence[str]:
        """Return texts that follow each other without secrets, those that only show beside each other included."""

    def value(self, value: object, key: str | None = None) -> object:
        """Return any value without secrets."""

    def verdict(self, key: str) -> Verdict:
        """Return what a name says about its value."""

    def suspicious_key(self, key: str) -> bool:
        """Tell whether a name is or promises a secret."""

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
        if verdict >= STRONG and _CODES.search(key) and (number > 99 or number < -99):
            return redactor.text(str(number), key)
    if type(number) is int and number >= _CARD_LEAST and not (key is not None and says_nothing(key)):
        told = str(number)
        hidden = redactor.text(told)
        return number if hidden == told else hidden
    return number


def _bytes(redactor: Texts, data: bytes | bytearray | memoryview, key: str | None) -> object:
    raw = bytes(data[:MAX_BYTES])
    encoding = text_encoding(raw)
    errors = "surrogateescape" if encoding == "utf-8" else "surrogatepass"
    try:
        told = raw.decode(encoding, errors)
    except UnicodeDecodeError:  # an odd number of bytes: they are looked at as they are
        encoding, errors = "utf-8", "surrogateescape"
        told = raw.decode(encoding, errors)
    hidden = redactor.text(told, key)
    if hidden is told and len(data) <= MAX_BYTES:
        return data
    changed = hidden.encode(encoding, errors)
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


def _key(redactor: Texts, key: Any, depth: int, budget: _Budget) -> object:
    """Look at a key that is not text; the parts of a tuple are a path, they do not name each other."""
    if type(key) is not tuple:
        return _walk(redactor, key, None, depth + 1, budget)
    parts = [_walk(redactor, part, None, depth + 1, budget) for part in key]
    return _rebuilt(key, list(key), parts)


def _mapping(
    redactor: Texts,
    value: Mapping[Any, Any],
    depth: int,
    budget: _Budget,
    *,
    forced: bool,
    named: Mapping[str, str] | None = None,
) -> object:
    changed = False
    result: dict[Any, Any] = {}
    items = list(value.items())
    labelled = {**records.labelled(value, redactor.key_is_secret), **(named or {})}
    variables = records.variables(value, redactor.key_is_secret) if "variables" in value else None
    columns = records.columns(value, redactor.key_is_secret)
    manifest = records.manifest(value)
    for name, item in items:
        key = records.key_name(name)
        clean = redactor.text(name) if type(name) is str else _key(redactor, name, depth, budget)
        if name in columns:
            hidden = _rows(redactor, item, columns[name], depth + 1, budget, forced=forced)
        elif name in manifest and isinstance(item, Mapping):
            hidden = _mapping(redactor, item, depth + 1, budget, forced=True, named=dict.fromkeys(item, "secret"))
        elif variables and name == "variables":
            hidden = _mapping(redactor, item, depth + 1, budget, forced=forced, named=variables)
        else:
            by_name = forced and not (key is not None and says_nothing(key))
            hidden = _walk(redactor, item, labelled.get(name, key), depth + 1, budget, forced=by_name)
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


def _rows(redactor: Texts, value: Any, names: records.Names, depth: int, budget: _Budget, *, forced: bool) -> object:
    """Look at a row, or at rows, whose columns have names."""
    if not records.are_rows(value, names):
        return _sequence(redactor, value, None, depth, budget, forced=forced, columns=names)
    rows = [_sequence(redactor, row, None, depth + 1, budget, forced=forced, columns=names) for row in value]
    return _rebuilt(value, list(value), rows)


def _sequence(
    redactor: Texts,
    value: Any,
    key: str | None,
    depth: int,
    budget: _Budget,
    *,
    forced: bool,
    columns: records.Names | None = None,
) -> object:
    items = list(value)
    ordered = not isinstance(value, set | frozenset)
    if columns is None and ordered and len(items) > 1 and isinstance(items[0], list | tuple):
        heading = records.head(items[0], redactor.key_is_secret)
        # Two columns, the first of them secret, are pairs: [["password", "..."], ["user", "ann"]].
        if heading and not (len(heading) == 2 and redactor.key_is_secret(heading[0] or "")):
            rest = items[1:]
            if len(heading) > 1 and records.are_rows(rest, heading):
                first = _walk(redactor, items[0], key, depth + 1, budget, forced=forced)
                after = _rows(redactor, rest, heading, depth, budget, forced=forced)
                return _rebuilt(value, items, [first, *(after if isinstance(after, list) else rest)])
    names: Sequence[str | None] = [None] * len(items)
    if ordered:
        names = columns or getattr(value, "_fields", None) or names_before(redactor, items)
        if _is_login(key, items):  # `auth=("ann", "...")`
            names = [None, "password"]
    texts = [item for item in items if type(item) is str]
    together = iter(redactor.together(texts) if ordered and len(texts) > 1 else texts)
    hidden = []
    for item, own in zip(items, names, strict=True):
        seen = next(together) if type(item) is str else item
        if own == CREDENTIAL_PAIR:
            hidden.append(_user_password(redactor, seen))
        else:
            told = own is None and type(seen) is str and sentences(seen)  # a list of what is wrong with it
            hidden.append(
                _walk(redactor, seen, None if told else own or key, depth + 1, budget, forced=forced and not told)
            )
    return _rebuilt(value, items, hidden)


def _is_login(key: str | None, items: list[Any]) -> bool:
    """Tell whether two texts are a user and a password: they stand under a name that says so, and the second looks typed."""
    return (
        len(items) == 2
        and key is not None
        and key.lower().replace("_", "") in _LOGINS
        and all(type(item) is str for item in items)
        and typed(items[1])
    )


def _rebuilt(value: Any, items: list[Any], hidden: list[Any]) -> object:
    """Return a sequence of the same kind with other items; the same object when they are the same."""
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
        return redactor.policy.mark("too-deep", "")
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
    if not given.keys() <= redactor.clean_keys and any(list(map(redactor.suspicious_key, given))):
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
