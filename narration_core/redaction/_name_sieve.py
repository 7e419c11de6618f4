"""Names that surely hold no secret, told at once: a text may have tens of thousands of different ones."""

import operator
import re
from collections.abc import Collection, Iterable
from functools import cached_property


class NameSieve:
    """Tells of most harmless names that nothing in them can name a secret.

    Args:
        words: what says something as a word of its own, or together with the word before it.
        stems: what says something in the middle of a word.
        starts: what says something at the start of a name.
        ends: what says something at the end of a name.
    """

    def __init__(
        self, words: frozenset[str], stems: Collection[str], starts: Iterable[str], ends: Iterable[str]
    ) -> None:
        self._words = words
        self._stems = stems
        self._starts = tuple(starts)
        self._ends = tuple(ends)

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        stems = set(self._stems)
        shortest = [stem for stem in sorted(stems) if not any(other in stem for other in stems - {stem})]
        return re.compile("|".join(shortest))

    def harmless(self, whole: str, parts: list[str]) -> bool:
        """Tell whether a name surely holds no secret; False says nothing.

        Args:
            whole: the letters and digits of the name, small ones; nothing but ASCII.
            parts: its words.
        """
        words = self._words
        return not (
            self._pattern.search(whole)
            or whole in words
            or whole.startswith(self._starts)
            or whole.endswith(self._ends)
            or not words.isdisjoint(parts)
            or (len(parts) > 1 and not words.isdisjoint(map(operator.add, parts, parts[1:])))
        )
