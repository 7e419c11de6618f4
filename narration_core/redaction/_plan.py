"""What a policy comes down to: its rules, and one engine that knows which of them can match; made once and shared."""

from collections.abc import Callable
from typing import Final, NamedTuple

from narration_core._bounded import BoundedDict
from narration_core._undisturbed import made_once
from narration_core.redaction._assignment_words import KEYWORDS, Keyword
from narration_core.redaction._digits import any_digits
from narration_core.redaction._engines import Engine, Entry, lower_ascii, make
from narration_core.redaction._normal_form import ENCODED
from narration_core.redaction._rule import Rule
from narration_core.redaction._spans import BY_NAME
from narration_core.redaction._warming import Hits, WarmingEngine


class Plan(NamedTuple):
    """The rules of a policy and the engine that knows which of them can match."""

    rules: tuple[Rule, ...]
    words: tuple[str, ...]
    behind: tuple[tuple[int, ...], ...]
    """For each entry of the engine: the rules that it stands for, then, counted on, the words."""
    encoded: int
    """The entry that occurs wherever a text has a normal form of its own."""
    engine: Engine
    loose: Callable[[], Engine]
    """Returns the engine, made when first asked for, that finds what occurs only with certain digits, whatever they are."""

    def follow(self, use: Callable[[Hits], None]) -> None:
        """Have a method called with what scans now, and once more when a faster engine is ready.

        Args:
            use: a bound method; its object is not kept alive.
        """
        if isinstance(self.engine, WarmingEngine):
            self.engine.follow(use)
        else:
            use(self.engine.hits)

    def warm_up(self) -> None:
        """Return when the fastest engines answer."""
        for engine in (self.engine, self.loose()):
            if isinstance(engine, WarmingEngine):
                engine.warm_up()


def _engine(entries: list[Entry], name: str) -> Engine:
    return make(entries, name) if name else WarmingEngine(entries)


_PLANS: Final = 32  # a plan takes some megabytes; programs have one policy, few have more
_plans: BoundedDict[tuple[frozenset[str], frozenset[str], str], Plan] = BoundedDict(_PLANS)


def make_plan(rules: tuple[Rule, ...], engine: str, own_keys: frozenset[str], *, by_name: bool) -> Plan:
    """Return the plan of a set of rules, made when it is asked for the first time; part of undisturbed work.

    Args:
        rules: the rules that are wanted.
        engine: the engine's name, or empty.
        own_keys: names that are secret by policy, looked for in text as well.
        by_name: whether names give secrets away.
    """
    names = frozenset(rule.name for rule in rules) | ({BY_NAME} if by_name else set())
    plan = _plans.found.get((names, own_keys, engine))
    if plan is None:
        # Rules that share a literal or a shape share one entry: each costs time in every scan.
        behind: dict[Entry, list[int]] = {}
        for number, rule in enumerate(rules):
            for literal in rule.literals:
                behind.setdefault(Entry(literal=lower_ascii(literal)), []).append(number)
            for shape in rule.shapes:
                behind.setdefault(Entry(shape=shape), []).append(number)
        words = (*KEYWORDS, *(Keyword(key, key) for key in sorted(own_keys))) if by_name else ()
        for number, (word, shape) in enumerate(words, len(rules)):
            entry = Entry(literal=word) if shape == word else Entry(shape=shape, caseless=True)
            behind.setdefault(entry, []).append(number)
        behind[Entry(shape=ENCODED)] = []
        plan = Plan(
            rules,
            tuple(word for word, _ in words),
            tuple(map(tuple, behind.values())),
            len(behind) - 1,
            _engine(list(behind), engine),
            made_once(lambda: _engine(list(filter(None, map(any_digits, behind))), engine)),
        )
        _plans.keep((names, own_keys, engine), plan, 0)
    return plan
