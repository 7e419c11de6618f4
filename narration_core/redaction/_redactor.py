"""From text to text without secrets: one scan decides whether any rule can match, then only those rules run."""

import sys
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, TypeVar

from narration_core._bounded import BoundedSet
from narration_core._interruption import pass_on
from narration_core._undisturbed import loaded, undisturbed
from narration_core.redaction._policy import DEFAULT, MARKER, RedactionPolicy
from narration_core.redaction._spans import BY_NAME, WINDOW, Secret, surroundings

if TYPE_CHECKING:
    from narration_core.redaction._finder import Finder
    from narration_core.redaction._plan import Plan
    from narration_core.redaction._secret_names import Verdict

T = TypeVar("T")

ZEROS: Final = bytes.maketrans(b"0123456789", b"0" * 10)
"""For `bytes.translate`: text as it would be if every digit were a zero."""

_FINDER: Final = "narration_core.redaction._finder"
_PHONES: Final = "narration_core.redaction._phone_numbers"
_WALK: Final = "narration_core.redaction._walk"

_CACHE_LIMIT: Final = 8192
_REMEMBERED_LENGTH: Final = 512
_LONGEST_KEY: Final = 256
_ROUNDS: Final = 8
_LAST: Final = Secret(sys.maxsize, sys.maxsize, "")


def _repeated(look: Callable[[Any], T], given: object) -> T:
    """Return what is left when nothing more changes: a marker may make its neighbour look like a secret."""
    hidden = look(given)
    for _ in range(_ROUNDS):
        if hidden is given:
            break
        given, hidden = hidden, look(hidden)
    return hidden


class Redactor:
    """Redaction under one policy; cheap to make, safe to use from any thread and after a fork.

    Args:
        policy: what counts as a secret; the default policy when left out.

    Raises:
        ValueError: the policy's replacement would itself be taken for a secret.
    """

    def __init__(self, policy: RedactionPolicy | None = None) -> None:
        self.policy = policy or DEFAULT
        self._counts: dict[str, int] = {}
        self._clean_keys: BoundedSet[str] = BoundedSet(_CACHE_LIMIT)
        self._clean_texts: BoundedSet[str] = BoundedSet(_CACHE_LIMIT)
        self._clean_shapes: BoundedSet[bytes] = BoundedSet(_CACHE_LIMIT)
        self._shapes_seen: BoundedSet[bytes] = BoundedSet(_CACHE_LIMIT)
        self.clean_keys = self._clean_keys.seen
        self.clean_texts = self._clean_texts.seen
        self.clean_shapes = self._clean_shapes.seen
        self._settled_texts: BoundedSet[str] = BoundedSet(_CACHE_LIMIT)
        self.own_patterns = tuple((name, pattern) for name, pattern in self.policy.patterns.items())
        self.hits: Callable[[str], list[int]] = self._first_hits
        self._ready: Finder | None = None
        if self.policy.replacement != MARKER:
            self._refuse_secret(self.policy.replacement)

    def _refuse_secret(self, replacement: str) -> None:
        """Refuse a replacement that would be taken for a secret: it would be replaced again and again."""
        text = f"now {replacement} here"
        rules = sorted({span.rule for span in self._finder().found(text, self.hits(text))})
        if rules:
            raise ValueError(
                f"replacement {replacement!r} looks like a secret itself (rule {rules[0]}): choose a text that no rule matches"
            )

    def __repr__(self) -> str:
        return f"Redactor({self.policy!r})"

    # -- set-up, on first use -------------------------------------------------------------------

    def _first_hits(self, text: str) -> list[int]:
        """Build the engine, then scan: most processes configure once and narrate later."""
        self.plan()
        return self.hits(text)

    def plan(self) -> "Plan":
        """Return the rules and the engine of the policy."""
        return self._finder().plan

    def _finder(self) -> "Finder":
        return self._ready or undisturbed(self._new_finder)

    def _new_finder(self) -> "Finder":
        if self._ready is None:
            loaded(_WALK)  # every event that is built the slow way needs it
            finder: Finder = loaded(_FINDER).Finder(self.policy, self._scan)
            finder.plan.follow(self._use)
            self._ready = finder  # last: whoever sees it scans
        return self._ready

    def _scan(self, text: str) -> list[int]:
        return self.hits(text)

    def _use(self, hits: Callable[[str], list[int]]) -> None:
        self.hits = hits

    def warm_up(self) -> None:
        """Do now what the first texts would wait for: choose the rules and compile the fastest engine."""
        self.plan().warm_up()

    # -- keys -----------------------------------------------------------------------------------

    def verdict(self, key: str) -> "Verdict":
        """Return what a name says about its value; kept, so that a name is judged once."""
        return self._finder().verdict(key)

    def suspicious_key(self, key: str) -> bool:
        """Tell whether a name is or promises a secret; those that do neither are kept in `clean_keys`."""
        if self.text(key) is not key or self.verdict(key) or loaded(_PHONES).names_a_phone(key):
            return True
        if len(key) <= _LONGEST_KEY:
            self._clean_keys.keep(key)
        return False

    def hides_numbers(self, key: str) -> bool:
        """Tell whether a name is a secret, or may make one of a small number: `pin` may, `max_tokens` does not."""
        return self.text(key) is not key or self.key_is_secret(key)

    def key_is_secret(self, key: str) -> bool:
        """Tell whether a name alone makes its value a secret: `password` does, `max_tokens` does not."""
        return self._finder().key_is_secret(key)

    def hides(self, value: str, key: str) -> bool:
        """Tell whether a name makes its value a secret that must not be told: the policy may allow it.

        Args:
            value: the value.
            key: its name.
        """
        return self.key_is_secret(key) and self.text(value, key) != value

    def secrets(self, value: str) -> list[str]:
        """Return the parts of a text that are hidden.

        Args:
            value: any text.
        """
        return [value[span.start : span.end] for span in self.wanted_spans(value)]

    # -- text -----------------------------------------------------------------------------------

    def gate(self, text: str) -> bool:
        """Tell whether any rule may match in a text; False is certain, True is worth a closer look."""
        hits = self.hits(text)
        if not hits or self.own_patterns:
            return bool(self.own_patterns)
        return self._finder().gate(text, hits)

    def clean(self, text: str) -> bool:
        """Tell whether no rule can match in a text, from memory where it only has other digits than one before.

        Args:
            text: what an event says; its strings may be joined by what is no part of a secret.
        """
        if len(text) > _REMEMBERED_LENGTH or not text.isascii():
            return not self.gate(text)
        told = text.encode()
        return self.clean_of_shape(text, told, told.translate(ZEROS))

    def clean_of_shape(self, text: str, told: bytes, shape: bytes) -> bool:
        """Tell the same of a text of ASCII whose shape is known.

        Args:
            text: as for `clean`.
            told: its bytes.
            shape: these with every digit a zero.
        """
        if len(text) > _REMEMBERED_LENGTH:
            return not self.gate(text)
        if shape in self.clean_shapes:
            return True
        if self.own_patterns:
            return False
        if self.hits(text):
            return not self.gate(text)
        if shape == told:
            return True  # without digits there is one text of this shape, and texts are remembered as they are
        if shape not in self._shapes_seen.seen:
            # Not learnt yet: ids and hashes never come again, and would cost a second scan for nothing.
            self._shapes_seen.keep(shape)
        elif not self.plan().loose().hits(text):
            self._clean_shapes.keep(shape)
        return True

    def remember(self, texts: Sequence[str]) -> None:
        """Keep texts that were found clean in `clean_texts` for a while, unless they are long.

        Args:
            texts: strings of an event.
        """
        if sum(map(len, texts)) > _REMEMBERED_LENGTH:
            return
        self._clean_texts.keep(*texts)

    def text(self, value: str, key: str | None = None) -> str:
        """Return text without secrets: the same object when there is none; never raises.

        Args:
            value: any text.
            key: the name that the text stands under, if it has one.
        """
        try:
            hits = None
            if key is None and not self.own_patterns:
                hits = self.hits(value)
                if not hits:
                    return value  # as most texts: nothing but the scan
            return self._text(value, key, hits)
        except BaseException as error:  # noqa: BLE001 - whatever went wrong, a secret must not leave
            pass_on(error)
            self._count("internal-error")
            return self.policy.mark("internal-error", "")

    def _text(self, value: str, key: str | None, hits: list[int] | None) -> str:
        if key is not None and self._finder().hidden_by_name(value, key):
            return self.replaced(value, [Secret(0, len(value), BY_NAME)])
        hidden = self._once(value, hits)
        return value if hidden is value else self._settled(hidden)

    def _once(self, value: str, hits: list[int] | None = None) -> str:
        """Return text with what is found in it masked.

        Args:
            value: any text.
            hits: what the engine found in it, if it was asked already.
        """
        if self.own_patterns:
            spans = self.wanted_spans(value)
        else:
            hits = self.hits(value) if hits is None else hits
            if not hits:
                return value
            spans = self._finder().spans(value, hits)
        return self.replaced(value, spans) if spans else value

    def _settled(self, masked: str) -> str:
        """Return masked text in which nothing more is found: a marker may be the edge that another secret lacked.

        Programs say the same with other secrets in it, so what is left without them is remembered.
        """
        if len(masked) > WINDOW:
            return self._settled_in_pieces(masked)
        settled = self._settled_texts.seen
        for _ in range(_ROUNDS):
            if masked in settled:
                break
            hits = self.hits(masked)
            if not hits:
                break
            again = masked if self._finder().hides_nothing(masked, hits) else self._once(masked, hits)
            if again is masked or again == masked:
                if len(masked) <= _REMEMBERED_LENGTH:
                    self._settled_texts.keep(masked)
                break
            masked = again
        return masked

    def _settled_in_pieces(self, masked: str) -> str:
        """Return the same for a long text: all of it is looked at again, then only what surrounds a new marker.

        Args:
            masked: the text.
        """
        for _ in range(_ROUNDS):
            hits = self.hits(masked)
            if not hits or self._finder().hides_nothing(masked, hits):
                break
            spans = self._finder().wanted_spans(masked, hits)
            new = [span for span in spans if not self._finder().is_marker(masked[span.start : span.end])]
            pieces = surroundings(masked, new)
            if 2 * sum(end - start for start, end in pieces) <= len(masked):
                return self._settled_around(masked, new, pieces)
            again = self.replaced(masked, new)
            if again == masked:
                break
            masked = again
        return masked

    def _settled_around(self, masked: str, spans: list[Secret], pieces: list[tuple[int, int]]) -> str:
        """Return a text in which secrets are masked and their surroundings are settled.

        Args:
            masked: the text.
            spans: the secrets.
            pieces: their surroundings, in order.
        """
        result: list[str] = []
        done = 0
        for start, end in pieces:
            inside = [
                Secret(span.start - start, span.end - start, span.rule) for span in spans if start <= span.start < end
            ]
            piece = masked[start:end]
            hidden = self.replaced(piece, inside)
            result += (masked[done:start], hidden if hidden == piece else self._settled(hidden))
            done = end
        return "".join([*result, masked[done:]]) if result else masked

    def together(self, texts: Sequence[str]) -> Sequence[str]:
        """Return texts that follow each other, such as arguments, without secrets that show only beside each other.

        Args:
            texts: the texts; read as if blanks stood between them.
        """
        joined = " ".join(texts)
        if not self.gate(joined):
            return texts
        spans = self.wanted_spans(joined)
        result = []
        start = 0
        for text in texts:
            end = start + len(text)
            inside = [
                Secret(max(span.start, start) - start, min(span.end, end) - start, span.rule)
                for span in spans
                if span.start < end and span.end > start
            ]
            result.append(self.replaced(text, inside) if inside else text)
            start = end + 1
        return result

    def wanted_spans(self, value: str) -> list[Secret]:
        """Return where the secrets of a text are, those of the policy's own patterns included, in no order.

        Args:
            value: any text.
        """
        hits = self.hits(value)
        return self._finder().wanted_spans(value, hits) if hits or self.own_patterns else []

    def replaced(self, value: str, spans: list[Secret]) -> str:
        """Return a text with the marker in place of each span; the same object when the policy allows them all.

        Args:
            value: the text.
            spans: secrets in it, in any order, overlapping or not.
        """
        policy = self.policy
        if policy.allow or policy.allow_patterns:
            allowed = self._finder().allowed
            spans = [span for span in spans if not allowed(value[span.start : span.end])]
        if not spans:
            return value
        if len(spans) == 1:
            start, end, rule = spans[0]
            secret = value[start:end]
            if self._finder().is_marker(secret):
                return value
            self._count(rule)
            return f"{value[:start]}{policy.mark(rule, secret)}{value[end:]}"
        spans.sort()
        pieces: list[str] = []
        at = 0
        spans.append(_LAST)
        is_marker, mark, plain = self._finder().is_marker, policy.mark, policy.marker == "plain"
        marked, counts = self._finder().has_markers(value), self._counts
        start, end, rule = spans[0]
        for following in spans:
            if following[0] < end:
                if following[1] > end:
                    end, rule = following[1], following[2] if following[0] == start else rule
                continue
            if not marked or not is_marker(value[start:end]):
                pieces += (value[at:start], policy.replacement if plain else mark(rule, value[start:end]))
                at = end
                counts[rule] = counts.get(rule, 0) + 1
            start, end, rule = following
        spans.pop()
        if not at:
            return value
        pieces.append(value[at:])
        return "".join(pieces)

    # -- values ---------------------------------------------------------------------------------

    def value(self, value: object, key: str | None = None) -> object:
        """Return a value without secrets, whatever it is made of; the same object when there is none; never raises.

        Args:
            value: text, a number, bytes, an exception, a container, any object (told by its `str()`).
            key: the name that it stands under, if it has one.
        """
        try:
            return _repeated(lambda given: loaded(_WALK).value(self, given, key), value)
        except BaseException as error:  # noqa: BLE001 - as in `text`
            pass_on(error)
            self._count("internal-error")
            return self.policy.mark("internal-error", "")

    def fields(self, fields: Mapping[str, object]) -> dict[str, object]:
        """Return an event's fields without secrets: keys decide first; the same object when there is none; never raises.

        Args:
            fields: an event's fields by name.
        """
        try:
            return _repeated(lambda given: loaded(_WALK).fields(self, given), fields)
        except BaseException as error:  # noqa: BLE001 - as in `text`
            pass_on(error)
            self._count("internal-error")
            return dict.fromkeys(map(str, fields), self.policy.mark("internal-error", ""))

    # -- counting -------------------------------------------------------------------------------

    def _count(self, rule: str) -> None:
        self._counts[rule] = self._counts.get(rule, 0) + 1

    @property
    def counts(self) -> Mapping[str, int]:
        """How many secrets each rule hid so far."""
        return dict(self._counts)


_default: Redactor | None = None


def redact(value: Any, policy: RedactionPolicy | None = None) -> Any:
    """Return a value without secrets; the same object when there is none; never raises.

    Args:
        value: a string or any nested value.
        policy: what counts as a secret; the default policy when left out.
    """
    global _default  # noqa: PLW0603 - one redactor for all who do not care
    if policy is None:
        if _default is None:
            _default = Redactor()
        redactor = _default
    else:
        redactor = Redactor(policy)
    return redactor.text(value) if type(value) is str else redactor.value(value)
