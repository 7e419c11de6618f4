"""From text to text without secrets: one scan decides whether any rule can match, then only those rules run."""

import itertools
import re
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple, TypeVar

from narration_core._bounded import BoundedDict, BoundedSet
from narration_core._undisturbed import undisturbed
from narration_core.redaction import _assignments as context
from narration_core.redaction import _blocks as blocks
from narration_core.redaction import _tables as tables
from narration_core.redaction import _values as values
from narration_core.redaction import _walk as walk
from narration_core.redaction._digits import ZEROS
from narration_core.redaction._engines import lower_ascii
from narration_core.redaction._normal_form import normal, normal_forms, without_colours
from narration_core.redaction._plan import Plan, make_plan
from narration_core.redaction._policy import DEFAULT, MARKER, RedactionPolicy
from narration_core.redaction._rule import compiled
from narration_core.redaction._rules import catalogue
from narration_core.redaction._secret_names import TAXONOMY, Verdict, judge
from narration_core.redaction._warming import WarmingEngine

T = TypeVar("T")

WINDOW: Final = 64 * 1024
"""Longer texts are looked at in pieces of this many characters."""
OVERLAP: Final = 8 * 1024
"""Pieces overlap by more than nearly every secret; one that reaches over the end of its piece is followed."""

_ONWARD: Final = r"""[^\s"'<>]{0,1048576}+"""
_LONG: Final = 200
_GOING_ON: Final = r"(?:(?<=[\w+/=%\-])[\w\-+/=%]{0,1048576}+)?"
_MARKED: Final = "[REDACTED"
_MARKER: Final = r"\[REDACTED(?::[\w\-]{1,60}+(?::[0-9a-f]{8})?)?\]"
_CACHE_LIMIT: Final = 8192
_REMEMBERED_LENGTH: Final = 512
_ROUNDS: Final = 8
_ADDRESSES: Final = frozenset({"ipv4", "ipv6", "mac"})


class Span(NamedTuple):
    """A secret's place in a text and the rule that found it."""

    start: int
    end: int
    rule: str


def merged(spans: list[Span]) -> list[tuple[int, int]]:
    """Return spans in order, overlapping ones as one."""
    result: list[tuple[int, int]] = []
    for start, end, _ in sorted(spans):
        if result and start <= result[-1][1]:
            result[-1] = (result[-1][0], max(end, result[-1][1]))
        else:
            result.append((start, end))
    return result


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
        self._verdicts: BoundedDict[str, Verdict] = BoundedDict(_CACHE_LIMIT)
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
        self._plan: Plan | None = None
        replacement = self.policy.replacement
        self._marker = _MARKER if replacement == MARKER else f"{_MARKER}|{re.escape(replacement)}"
        if replacement != MARKER:
            self._refuse_secret(replacement)

    def _refuse_secret(self, replacement: str) -> None:
        """Refuse a replacement that would be taken for a secret: it would be replaced again and again."""
        text = f"now {replacement} here"
        rules = sorted({span.rule for span in self._found(text, self.hits(text))})
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

    def plan(self) -> Plan:
        """Return the rules and the engine of the policy."""
        return self._plan or undisturbed(self._new_plan)

    def _new_plan(self) -> Plan:
        if self._plan is None:
            policy = self.policy
            optional = _ADDRESSES if policy.ips else frozenset()
            wanted = policy.on | optional | ({"uuid"} if policy.uuids else frozenset())
            rules = tuple(
                rule
                for rule in catalogue()
                if rule.name not in policy.off and (not rule.optional or rule.name in wanted)
            )
            by_name = context.RULE_NAME not in policy.off
            plan = make_plan(rules, policy.engine, policy.secret_keys, by_name=by_name)
            if isinstance(plan.engine, WarmingEngine):
                plan.engine.follow(self._use)
            else:
                self.hits = plan.engine.hits
            self._plan = plan  # last: whoever sees it scans
        return self._plan

    def _use(self, hits: Callable[[str], list[int]]) -> None:
        self.hits = hits

    def warm_up(self) -> None:
        """Do now what the first texts would wait for: choose the rules and compile the fastest engine."""
        for engine in (self.plan().engine, self.plan().loose()):
            if isinstance(engine, WarmingEngine):
                engine.warm_up()

    # -- keys -----------------------------------------------------------------------------------

    def verdict(self, key: str) -> Verdict:
        """Return what a name says about its value; kept, so that a name is judged once."""
        found = self._verdicts.found.get(key)
        if found is None:
            found = judge(key, self.policy.secret_keys, self.policy.safe_keys)
            if not key.isalnum() or not key.isascii():  # a name may be written in a form of its own as well
                found = max(found, judge(normal(key), self.policy.secret_keys, self.policy.safe_keys))
            self._verdicts.keep(key, found)
        return found

    def clean_verdict(self, key: str) -> Verdict:
        """Return the verdict on a name; those that neither are nor hold a secret are kept in `clean_keys`."""
        if self.text(key) is not key:
            return Verdict.STRONG
        found = self.verdict(key)
        if found is Verdict.SAFE and len(key) <= 256:
            self._clean_keys.keep(key)
        return found

    def key_is_secret(self, key: str) -> bool:
        """Tell whether a name alone makes its value a secret: `password` does, `max_tokens` does not."""
        found = self.verdict(key)
        return found >= Verdict.STRONG or (found is Verdict.MEDIUM and "token" in key.lower())

    # -- text -----------------------------------------------------------------------------------

    def gate(self, text: str) -> bool:
        """Tell whether any rule may match in a text; False is certain, True is worth a closer look."""
        hits = self.hits(text)
        if not hits or self.own_patterns:
            return bool(self.own_patterns)
        encoded = [self.plan().encoded]
        return hits != encoded or any(self.hits(form.text) not in ([], encoded) for form in normal_forms(text))

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
        except Exception:  # noqa: BLE001 - whatever went wrong, a secret must not leave
            self._count("internal-error")
            return self.policy.mark("internal-error", "")

    def _text(self, value: str, key: str | None, hits: list[int] | None) -> str:
        if key is not None:
            whole = self._by_key(value, key)
            if whole is not None:
                return whole
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
            spans = self.spans(value, hits)
        return self.replaced(value, spans) if spans else value

    def _settled(self, masked: str) -> str:
        """Return masked text in which nothing more is found: a marker may be the edge that another secret lacked.

        Programs say the same with other secrets in it, so what is left without them is remembered.
        """
        settled = self._settled_texts.seen
        for _ in range(_ROUNDS):
            if masked in settled:
                break
            again = self._once(masked)
            if again is masked or again == masked:
                if len(masked) <= _REMEMBERED_LENGTH:
                    self._settled_texts.keep(masked)
                break
            masked = again
        return masked

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
                Span(max(span.start, start) - start, min(span.end, end) - start, span.rule)
                for span in spans
                if span.start < end and span.end > start
            ]
            result.append(self.replaced(text, inside) if inside else text)
            start = end + 1
        return result

    def wanted_spans(self, value: str) -> list[Span]:
        """Return where the secrets of a text are, those of the policy's own patterns included.

        When these patterns take too long, all of the text is one secret.
        """
        if not self.own_patterns:
            return self.spans(value)
        spans = self._own_spans(value)
        return [Span(0, len(value), "pattern-timeout")] if spans is None else spans + self.spans(value)

    def _by_key(self, value: str, key: str) -> str | None:
        verdict = self.verdict(key)
        if verdict is Verdict.SAFE or not value or self._is_marker(value):
            return None
        if self.key_is_secret(key):
            if value in self.policy.allow or values.harmless(value, verdict, key):
                return None
        elif not values.fits(verdict, value):
            return None
        return self.replaced(value, [Span(0, len(value), context.RULE_NAME)])

    def spans(self, value: str, hits: list[int] | None = None) -> list[Span]:
        """Return where the secrets of a text are, unordered, possibly overlapping.

        Args:
            value: any text.
            hits: what the engine found in it, if it was asked already.
        """
        if hits is None:
            hits = self.hits(value)
        if not hits:
            return []
        return self._outside_markers(value, self._found(value, hits))

    def _found(self, value: str, hits: list[int]) -> list[Span]:
        spans = self._scanned(value, hits)
        if self.plan().encoded in hits:
            for form in normal_forms(value):
                for start, end, rule in self._scanned(form.text, self.hits(form.text)):
                    spans.append(Span(*form.span(start, end), rule))
        return spans

    def _is_marker(self, value: str) -> bool:
        return value == self.policy.replacement or (
            value.startswith(_MARKED) and compiled(_MARKER).fullmatch(value) is not None
        )

    def _outside_markers(self, value: str, spans: list[Span]) -> list[Span]:
        """Leave out what was found inside a marker: the text was redacted before."""
        if not spans or not (_MARKED in value or self.policy.replacement in value):
            return spans
        markers = [found.span() for found in compiled(self._marker).finditer(value)]
        starts = [start for start, _ in markers]
        outside = []
        for span in spans:
            index = bisect_right(starts, span.start) - 1
            if index < 0 or span.end > markers[index][1]:
                outside.append(span)
        return outside

    def _scanned(self, value: str, hits: list[int]) -> list[Span]:
        """Return where the secrets of one form of a text are.

        Args:
            value: the form.
            hits: what the engine found in it.
        """
        if (plain := without_colours(value)) is not value:  # a token behind a colour has no letter before it
            value, hits = plain, self.hits(plain)
        if len(value) <= WINDOW:
            return self._window(value, hits)
        spans: list[Span] = []
        for offset in range(0, len(value), WINDOW - OVERLAP):
            piece = value[offset : offset + WINDOW]
            followed = 0  # many secrets may reach over the same end
            for start, end, rule in self._window(piece, hits):
                after = end + offset
                if end == len(piece):
                    after = followed = followed or compiled(_ONWARD).match(value, after).end()
                spans.append(Span(start + offset, after, rule))
            if offset + WINDOW >= len(value):
                break
        return spans

    def _window(self, value: str, hits: list[int]) -> list[Span]:
        plan = self.plan()
        rules, words = plan.rules, plan.words
        spans: list[Span] = []
        wanted: list[str] = []
        reached = 0
        for number in sorted({number for hit in hits for number in plan.behind[hit]}):
            if number >= len(rules):
                wanted.append(words[number - len(rules)])
                continue
            rule = rules[number]
            group = "s" if "(?P<s>" in rule.pattern else 0
            for match in compiled(rule.pattern).finditer(value):
                start, end = match.span(group)
                if "(?P<d>" in rule.pattern:
                    end = match.end("d")
                if rule.check is None or rule.check(value[start:end]):
                    if end - start >= _LONG:  # a rule's bound does not end a token that goes on
                        end = reached = reached if end <= reached else compiled(_GOING_ON).match(value, end).end()
                    spans.append(Span(start, end, rule.name))
        if wanted:
            low = lower_ascii(value)
            claimed = merged(spans) if spans else []
            spans += [
                Span(start, end, context.RULE_NAME)
                for start, end in context.find(value, low, wanted, self.verdict, claimed)
            ]
            structured = itertools.chain(
                blocks.find(value, self.key_is_secret), tables.find(value, low, self.key_is_secret)
            )
            spans += [Span(start, end, context.RULE_NAME) for start, end in structured]
        return spans

    def _own_spans(self, value: str) -> list[Span] | None:
        """Return what the policy's own patterns find; None when they take too long: then all of it is hidden."""
        spans = []
        left = self.policy.pattern_timeout_s
        for name, pattern in self.own_patterns:
            try:
                for match in compiled(pattern).finditer(value, timeout=left):
                    start, end = match.span("s" if "(?P<s>" in pattern else 0)
                    if end > start:
                        spans.append(Span(start, end, name))
            except TimeoutError:
                return None
        return spans

    def _allowed(self, secret: str) -> bool:
        policy = self.policy
        return secret in policy.allow or any(compiled(pattern).fullmatch(secret) for pattern in policy.allow_patterns)

    def replaced(self, value: str, spans: list[Span]) -> str:
        """Return a text with the marker in place of each span; the same object when the policy allows them all.

        Args:
            value: the text.
            spans: secrets in it, in any order, overlapping or not.
        """
        policy = self.policy
        if policy.allow or policy.allow_patterns:
            spans = [span for span in spans if not self._allowed(value[span.start : span.end])]
        if not spans:
            return value
        pieces: list[str] = []
        at = 0
        if len(spans) > 1:
            spans.sort(key=lambda span: (span.start, -span.end))
        index = 0
        while index < len(spans):
            start, end, rule = spans[index]
            index += 1
            while index < len(spans) and spans[index].start < end:
                end = max(end, spans[index].end)
                index += 1
            secret = value[start:end]
            if self._is_marker(secret):
                continue
            pieces += (value[at:start], policy.mark(rule, secret))
            at = end
            self._count(rule)
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
            return _repeated(lambda given: walk.value(self, given, key), value)
        except Exception:  # noqa: BLE001 - as in `text`
            self._count("internal-error")
            return self.policy.mark("internal-error", "")

    def fields(self, fields: Mapping[str, object]) -> dict[str, object]:
        """Return an event's fields without secrets: keys decide first; the same object when there is none; never raises.

        Args:
            fields: an event's fields by name.
        """
        try:
            return _repeated(lambda given: walk.fields(self, given), fields)
        except Exception:  # noqa: BLE001 - as in `text`
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


__all__ = ["TAXONOMY", "Redactor", "redact"]
