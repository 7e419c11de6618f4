"""What to look for in a text, by what the engine found in it: the rules that may match, each with how it is looked for, and words of names."""

import re
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, Final, NamedTuple

from narration_core._bounded import BoundedDict
from narration_core.redaction._plan import Plan
from narration_core.redaction._rule import Rule, compiled

SHORT: Final = 2048
"""A shorter text is searched at once; a longer one passes a rule's sieve first."""

_REMEMBERED: Final = 8192
_FEW: Final = 8


class Search(NamedTuple):
    """How a rule is looked for."""

    find: Callable[[str], Iterable[Any]]
    secret: int
    """The number of the group that is the secret; groups are read by number, that is ten times faster than by name."""
    last: int
    """The number of the group whose end is the secret's, if it has one."""
    rule: Rule


class Wanted(NamedTuple):
    """What may occur in a text, by what the engine found in it."""

    searches: list[Search]
    words: list[str]


class Searches:
    """Knows what stands behind what the engine finds.

    Args:
        plan: the rules and words, and which of the engine's entries they stand behind.
    """

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._by_hits: BoundedDict[tuple[int, ...], Wanted] = BoundedDict(_REMEMBERED)

    def wanted(self, hits: list[int]) -> Wanted:
        """Return the rules and words that stand behind what the engine found; kept where that is little.

        Args:
            hits: the places of the engine's entries.
        """
        key = tuple(hits)
        wanted = self._by_hits.found.get(key)
        if wanted is None:
            plan, rules = self._plan, len(self._plan.rules)
            numbers = sorted({number for hit in hits for number in plan.behind[hit]})
            wanted = Wanted(
                [_search(plan.rules[number]) for number in numbers if number < rules],
                [plan.words[number - rules] for number in numbers if number >= rules],
            )
            if len(hits) <= _FEW:
                self._by_hits.keep(key, wanted)
        return wanted


def _search(rule: Rule) -> Search:
    pattern = compiled(rule.pattern)
    groups = pattern.groupindex
    find = pattern.finditer
    if rule.sieve:
        sieve = re.compile(rule.sieve, re.ASCII).search if isinstance(rule.sieve, str) else rule.sieve
        find = partial(_sieved, sieve, find)
    return Search(find, groups.get("s", 0), groups.get("d", 0), rule)


def _sieved(sieve: Callable[[str], object], find: Callable[[str], Iterable[Any]], text: str) -> Iterable[Any]:
    """Return what a rule finds in a text; a long one is passed through its sieve first."""
    return find(text) if len(text) < SHORT or sieve(text) else ()
