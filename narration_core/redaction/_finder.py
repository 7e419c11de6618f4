"""Where the secrets of a text are, and which names hold some: what redaction needs once there is something to look at.

It is loaded with the first event and not on import: a process that narrates nothing pays for none of it.
"""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, Final

from narration_core._bounded import BoundedDict
from narration_core._undisturbed import loaded
from narration_core.redaction import _values as values
from narration_core.redaction._engines import Pieces, lower_ascii
from narration_core.redaction._normal_form import normal, normal_forms, without_colours
from narration_core.redaction._phone_numbers import dialled, names_a_phone
from narration_core.redaction._plan import Plan, make_plan
from narration_core.redaction._policy import MARKER, RedactionPolicy
from narration_core.redaction._rule import compiled
from narration_core.redaction._rules import catalogue
from narration_core.redaction._searches import SHORT, Searches
from narration_core.redaction._secret_names import MEDIUM, SAFE, STRONG, Verdict, judge
from narration_core.redaction._spans import BY_NAME, CROWD, OVERLAP, PATIENCE, WINDOW, Secret, merged

# Loaded with the first text that may hold a secret: most programs' first event should not wait for them.
_ASSIGNMENTS: Final = "narration_core.redaction._assignments"
_CROWDS: Final = "narration_core.redaction._crowd"
_BLOCKS: Final = "narration_core.redaction._blocks"
_TABLES: Final = "narration_core.redaction._tables"
_STATEMENTS: Final = "narration_core.redaction._statements"
_BOUND: Final = "narration_core.redaction._bound_values"
_LISTED: Final = "narration_core.redaction._listed_columns"

_ONWARD: Final = r"""[^\s"'<>]{0,1048576}+"""
_LONG: Final = 200
_GOING_ON: Final = r"(?:(?<=[\w+/=%\-])[\w\-+/=%]{0,1048576}+)?"
_MARKED: Final = "[REDACTED"
_MARKER: Final = r"\[REDACTED(?::[\w\-]{1,60}+(?::[0-9a-f]{8})?)?\]"
_INSIDE: Final = frozenset("+/:-")
_HASH: Final = r"(?r)(?:[Ss][Hh][Aa](?:1|256|384|512)[\-:][A-Za-z0-9+/]{0,100}+|;base64,[A-Za-z0-9+/]{1,4096}+)"
_NAMES: Final = 8192
_WRITTEN: Final = frozenset("\\%&")
"""What starts an encoding of printable ASCII."""
_LONGER: Final = 128 * 1024
"""A longer text is read in a hurry where it is crowded, and in each of its pieces only the rules are tried whose literal is there."""
_FEW: Final = 8
_OWN: Final = 1024
"""A piece of a long text looks this far back for what stands before a secret."""
_EDGE: Final = 64
"""What ends this close to the end of a piece may look different in the next one, which sees what follows it."""
_BEHIND: Final = 32
_new: Final = tuple.__new__
"""Makes a named tuple in half the time: a crowded text has a hundred thousand secrets."""
_ADDRESSES: Final = frozenset({"ipv4", "ipv6", "mac"})
_NUMBER_STARTS: Final = frozenset("+(0123456789")
"""What a telephone number starts with: most values under harmless names are told apart by it at once."""


def _mentions(words: re.Pattern[str], name: str) -> bool:
    """Tell whether a name has one of some words in it: all that is asked of it in a crowd."""
    return words.search(lower_ascii(name)) is not None


def _differ(text: str, words: list[tuple[int, int]]) -> bool:
    """Tell whether what stands behind many words differs: where it is the same again and again, one look at it is remembered."""
    behind: set[str] = set()
    for _, after in words:
        behind.add(text[after : after + _BEHIND])
        if len(behind) > CROWD:
            return True
    return False


def _covered(spans: list[Secret], start: int, end: int) -> bool:
    """Tell whether a span lies inside of one of some; a loop of its own is twice as fast as `any`."""
    for low, high, _ in spans:  # noqa: SIM110
        if low <= start and end <= high:
            return True
    return False


def _plan(policy: RedactionPolicy) -> Plan:
    optional = _ADDRESSES if policy.ips else frozenset()
    wanted = policy.on | optional | ({"uuid"} if policy.uuids else frozenset())
    rules = tuple(
        rule for rule in catalogue() if rule.name not in policy.off and (not rule.optional or rule.name in wanted)
    )
    return make_plan(rules, policy.engine, policy.secret_keys, by_name=BY_NAME not in policy.off)


class Finder:
    """Finds secrets under one policy; made as part of undisturbed work.

    Args:
        policy: what counts as a secret.
        scan: returns the places of the plan's entries that may occur in a text.
    """

    def __init__(self, policy: RedactionPolicy, scan: Callable[[str], list[int]]) -> None:
        self.plan = _plan(policy)
        self._policy = policy
        self._scan = scan
        self._patterns = tuple(policy.patterns.items())
        self._marker = _MARKER if policy.replacement == MARKER else f"{_MARKER}|{re.escape(policy.replacement)}"
        self._loaded: tuple[Any, Any] | None = None
        self._verdicts: BoundedDict[str, Verdict] = BoundedDict(_NAMES)
        self._wanted = Searches(self.plan).wanted

    def _readers(self) -> tuple[Any, Any]:
        """Return the modules that read names and structures, loaded with the first text that may hold a secret."""
        readers = self._loaded
        if readers is None:
            readers = self._loaded = (loaded(_ASSIGNMENTS), loaded(_BLOCKS))
        return readers

    # -- names ----------------------------------------------------------------------------------

    def verdict(self, key: str) -> Verdict:
        """Return what a name says about its value; kept, so that a name is judged once."""
        found = self._verdicts.found.get(key)
        if found is None:
            own = self._policy.secret_keys
            found = judge(key, own, self._policy.safe_keys)
            # A name may be written in a form of its own as well.
            if not (key.isascii() and key.isprintable() and _WRITTEN.isdisjoint(key)) and (plain := normal(key)) != key:
                found = max(found, judge(plain, own, self._policy.safe_keys))
            self._verdicts.keep(key, found)
        return found

    def key_is_secret(self, key: str) -> bool:
        """Tell whether a name alone makes its value a secret: `password` does, `max_tokens` does not."""
        found = self.verdict(key)
        return found >= STRONG or (found == MEDIUM and "token" in key.lower())

    def hidden_by_name(self, value: str, key: str) -> bool:
        """Tell whether a name makes a whole value a secret.

        Args:
            value: the value.
            key: its name.
        """
        verdict = self.verdict(key)
        if verdict == SAFE:
            return (
                value[:1] in _NUMBER_STARTS
                and names_a_phone(key)
                and dialled(value)
                and "phone-labelled" not in self._policy.off
                and value not in self._policy.allow
            )
        if not value or self.is_marker(value):
            return False
        if self.key_is_secret(key):
            return not (value in self._policy.allow or values.harmless(value, verdict, key))
        return values.fits(verdict, value)

    # -- text -----------------------------------------------------------------------------------

    def gate(self, text: str, hits: list[int]) -> bool:
        """Tell whether any rule may match in a text; False is certain, True is worth a closer look.

        Args:
            text: any text.
            hits: what the engine found in it.
        """
        encoded = [self.plan.encoded]
        return hits != encoded or any(self._scan(form.text) not in ([], encoded) for form in normal_forms(text))

    def wanted_spans(self, value: str, hits: list[int]) -> list[Secret]:
        """Return where the secrets of a text are, those of the policy's own patterns included.

        When these patterns take too long, all of the text is one secret.

        Args:
            value: any text.
            hits: what the engine found in it.
        """
        own = self._own_spans(value)
        return [Secret(0, len(value), "pattern-timeout")] if own is None else own + self.spans(value, hits)

    def spans(self, value: str, hits: list[int]) -> list[Secret]:
        """Return where the secrets of a text are, unordered, possibly overlapping.

        Args:
            value: any text.
            hits: what the engine found in it.
        """
        return self._outside_markers(value, self.found(value, hits)) if hits else []

    def found(self, value: str, hits: list[int]) -> list[Secret]:
        """Return the same, with what was found in a marker of an earlier redaction.

        Args:
            value: any text.
            hits: what the engine found in it.
        """
        spans = self._scanned(value, hits)
        if self.plan.encoded in hits:
            for form in normal_forms(value):
                if form.in_place:
                    spans += self._scanned(form.text, self._scan(form.text), merged(spans))
                    continue
                known = merged(form.places(spans))
                spans += form.spans(self._scanned(form.text, self._scan(form.text), known))
        return spans

    def is_marker(self, value: str) -> bool:
        """Tell whether a text is what redaction writes in place of a secret."""
        return value == self._policy.replacement or (
            value.startswith(_MARKED) and compiled(_MARKER).fullmatch(value) is not None
        )

    def has_markers(self, value: str) -> bool:
        """Tell whether a text may have what redaction writes in place of a secret."""
        return _MARKED in value or self._policy.replacement in value

    def _outside_markers(self, value: str, spans: list[Secret]) -> list[Secret]:
        """Leave out what was found inside a marker: the text was redacted before."""
        if not spans or not self.has_markers(value):
            return spans
        markers = [found.span() for found in compiled(self._marker).finditer(value)]
        starts = [start for start, _ in markers]
        outside = []
        for span in spans:
            index = bisect_right(starts, span.start) - 1
            if index < 0 or span.end > markers[index][1]:
                outside.append(span)
        return outside

    def _scanned(self, value: str, hits: list[int], known: Sequence[tuple[int, int]] = ()) -> list[Secret]:
        """Return where the secrets of one form of a text are.

        Args:
            value: the form.
            hits: what the engine found in it.
            known: secrets in it that another form showed, in order: they may be left out.
        """
        if (plain := without_colours(value)) is not value:  # a token behind a colour has no letter before it
            value, hits = plain, self._scan(plain)
        if len(value) <= WINDOW:
            return self._window(value, hits, known)[0]
        spans: list[Secret] = []
        names = 0
        for offset in range(0, len(value), WINDOW - OVERLAP):
            piece = value[offset : offset + WINDOW]
            inside = known[bisect_right(known, (offset,)) : bisect_right(known, (offset + WINDOW,))]
            if isinstance(hits, Pieces):
                inner = hits.within(offset, offset + WINDOW)
            else:
                inner = self._scan(piece) if len(value) > _LONGER else hits
            found, seen = self._window(
                piece,
                inner,
                [(low - offset, high - offset) for low, high in inside] if offset else inside,
                hurried=names > PATIENCE and len(value) > _LONGER,
                whole=False,
            )
            names += seen
            last = offset + WINDOW >= len(value)
            if offset:
                # What stands at the start was seen by the piece before, with what is in front of it.
                found = [span for span in found if span.start >= _OWN or span.end >= OVERLAP]
            if not last and any(span.end > WINDOW - _EDGE for span in found):
                found = list(self._followed(value, offset, found))
            spans += (
                [_new(Secret, (start + offset, end + offset, rule)) for start, end, rule in found] if offset else found
            )
            if last:
                break
        if self._wanted(hits).words:
            tabled = self._tabled(value, lower_ascii(value), self.key_is_secret)
            spans += [Secret(start, end, BY_NAME) for start, end in tabled]
        return spans

    @staticmethod
    def _followed(value: str, offset: int, found: list[Secret]) -> Iterator[Secret]:
        """Yield what was found in a piece; what its end cuts, or nearly, is followed, or left to the next piece if that sees all of it.

        Args:
            value: the text.
            offset: where the piece starts.
            found: secrets in the piece.
        """
        end = compiled(_ONWARD).match(value, offset + WINDOW).end() - offset
        for span in found:
            if span.end <= WINDOW - _EDGE:
                yield span
            elif span.start < WINDOW - OVERLAP + _OWN:
                yield span if span.end < WINDOW else Secret(span.start, end, span.rule)

    def _window(
        self,
        value: str,
        hits: list[int],
        known: Sequence[tuple[int, int]] = (),
        *,
        hurried: bool = False,
        whole: bool = True,
    ) -> tuple[list[Secret], int]:
        """Return where the secrets of a text are that is not too long, and how many words of names it has.

        Args:
            value: the text.
            hits: what the engine found in it.
            known: secrets in it that another form showed, in order.
            hurried: many names were looked at before it.
            whole: it is no piece of a longer text.
        """
        searches, words = self._wanted(hits)
        spans: list[Secret] = []
        reached = 0
        for find, secret, last, rule in searches:
            for match in find(value):
                start, end = match.span(secret)
                if last:
                    end = match.end(last)
                if spans and len(spans) <= _FEW and _covered(spans, start, end):
                    continue  # part of what is hidden anyway
                if value[start - 1 : start] in _INSIDE and compiled(_HASH).match(value, 0, start) is not None:
                    continue  # the middle of a hash or a picture looks like anything
                if (rule.check is None or rule.check(value[start:end])) and (
                    rule.inner is None or self._holds_one(rule.inner(value[start:end]))
                ):
                    if end - start >= _LONG:  # a rule's bound does not end a token that goes on
                        end = reached = reached if end <= reached else compiled(_GOING_ON).match(value, end).end()
                    spans.append(Secret(start, end, rule.name))
        if not words:
            return spans, 0
        named, names = self._named(value, words, spans, known, hurried=hurried, whole=whole)
        return spans + named, names

    def _holds_one(self, inner: str) -> bool:
        """Tell whether a text that was encoded in another one holds a secret; it is shorter, so this ends.

        Args:
            inner: the text.
        """
        return bool(inner) and bool(self.found(inner, self._scan(inner)))

    def _named(
        self,
        value: str,
        words: list[str],
        spans: list[Secret],
        known: Sequence[tuple[int, int]],
        *,
        hurried: bool,
        whole: bool,
    ) -> tuple[list[Secret], int]:
        """Return where the values are that only their names give away, and how many words of names there are.

        Args:
            value: the text.
            words: what may occur in names.
            spans: secrets that rules found.
            known: secrets that another form of the text showed, in order.
            hurried: many names were looked at before this text.
            whole: it is no piece of a longer text.
        """
        low = lower_ascii(value)
        claimed = known
        if len(spans) == 1 and not known:
            claimed = [spans[0][:2]]
        elif spans:
            claimed = merged([*spans, *known])
        assignments, blocks = self._readers()
        places = assignments.places(low, words)
        names = assignments.unclaimed(value, places, claimed)
        # All words count, also those whose values are hidden: what was redacted is read as it was before.
        crowded = hurried and len(places) > CROWD and _differ(value, places)
        found: list[Secret] = []
        if names:
            # Rather too much is hidden than a text that is full of different names holds up the program.
            by_name = loaded(_CROWDS).values(value, names) if crowded else assignments.find(value, names, self.verdict)
            found = [_new(Secret, (start, end, BY_NAME)) for start, end in by_name]
        if not blocks.plain(value):
            mentions = partial(_mentions, re.compile("|".join(map(re.escape, words)))) if crowded else None
            found += [Secret(start, end, BY_NAME) for start, end in self._structured(value, low, mentions, whole=whole)]
        return found, len(places)

    def _structured(
        self, value: str, low: str, mentions: Callable[[str], bool] | None = None, *, whole: bool = True
    ) -> Iterator[tuple[int, int]]:
        """Yield what stands in structures under secret names; in a crowd under those that mention a secret."""
        is_secret = mentions or self.key_is_secret
        yield from self._readers()[1].find(value, low, is_secret, crowded=mentions is not None)
        yield from loaded(_STATEMENTS).find(value, low, is_secret, crowded=mentions is not None)
        if "=" in value or "reparing:" in value:
            yield from loaded(_BOUND).find(value, low, is_secret)
        if whole:
            yield from self._tabled(value, low, is_secret)

    @staticmethod
    def _tabled(value: str, low: str, is_secret: Callable[[str], bool]) -> Iterator[tuple[int, int]]:
        """Yield what stands in tables below secret names: a table goes on for as long as it likes."""
        if "\n" in value:
            yield from loaded(_TABLES).find(value, is_secret)
        if "[" in value:
            yield from loaded(_LISTED).find(value, low, is_secret)

    def hides_nothing(self, value: str, hits: list[int]) -> bool:
        """Tell quickly whether a text that was redacted has no more secrets; False means that it is worth a look.

        Args:
            value: the text.
            hits: what the engine found in it.
        """
        if self._patterns or (self.plan.encoded in hits and (len(value) > SHORT or normal_forms(value))):
            return False
        searches, words = self._wanted(hits)
        low = lower_ascii(value)
        assignments, blocks = self._readers()
        return (
            assignments.all_hidden(value, low, words)  # first: of a long text with more in it this ends at once
            and not any(True for search in searches for _ in search.find(value))
            and (blocks.plain(value) or not (words and any(True for _ in self._structured(value, low))))
        )

    def _own_spans(self, value: str) -> list[Secret] | None:
        """Return what the policy's own patterns find; None when they take too long: then all of it is hidden."""
        spans = []
        left = self._policy.pattern_timeout_s
        for name, pattern in self._patterns:
            try:
                for match in compiled(pattern).finditer(value, timeout=left):
                    start, end = match.span("s" if "(?P<s>" in pattern else 0)
                    if end > start:
                        spans.append(Secret(start, end, name))
            except TimeoutError:
                return None
        return spans

    def allowed(self, secret: str) -> bool:
        """Tell whether the policy lets a secret stand."""
        policy = self._policy
        return secret in policy.allow or any(compiled(pattern).fullmatch(secret) for pattern in policy.allow_patterns)
