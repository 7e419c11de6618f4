"""What a rule is: data that names a secret's format, how to find it cheaply and how to be sure."""

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from narration_core._bounded import BoundedDict
from narration_core._undisturbed import loaded, undisturbed

Check = Callable[[str], bool]


class Rule(NamedTuple):
    """One format of a secret; adding a provider is adding one of these to a table.

    Attributes:
        name: what markers, counts and policies call it.
        pattern: bounded and possessive, for the `regex` module; the group `s`, if there is one, is the secret.
        literals: ASCII text of which at least one piece occurs in every match; letter case is ignored.
        shapes: where no literal exists, or only a short one: patterns so simple that a multi-pattern engine takes
            them (classes and repeats, no assertions), of which at least one matches inside every match.
        sieve: for a pattern that costs much in a long text: one for `re` that occurs wherever the pattern matches,
            found in a fraction of the time; or what tells whether a text may hold a match.
        check: what must also hold for the text found: a checksum, enough randomness.
        inner: returns what the text found says in plain; then it is a secret when that holds one.
        examples: made-up text in which the rule finds exactly one secret.
        counterexamples: text that looks alike and is none.
        source: where the format is described.
        optional: off unless the policy turns it on.
    """

    name: str
    pattern: str
    literals: tuple[str, ...] = ()
    shapes: tuple[str, ...] = ()
    sieve: str | Callable[[str], object] = ""
    check: Check | None = None
    inner: Callable[[str], str] | None = None
    examples: tuple[str, ...] = ()
    counterexamples: tuple[str, ...] = ()
    source: str = ""
    optional: bool = False


_patterns: BoundedDict[str, Any] = BoundedDict()


def compiled(pattern: str) -> Any:
    """Return a pattern compiled on first use: most processes never meet most secrets."""
    return _patterns.found.get(pattern) or undisturbed(lambda: _newly_compiled(pattern))


def _newly_compiled(pattern: str) -> Any:
    regex = loaded("regex")  # 30 ms that a process without secrets never pays
    return _patterns.found.get(pattern) or _patterns.keep(pattern, regex.compile(pattern, regex.ASCII | regex.VERSION0))


# No letter directly before: "risk-" is not "sk-".
EDGE: Final = r"(?<![A-Za-z])"

WORD: Final = r"[\w\-]"
ALNUM: Final = r"[0-9A-Za-z]"
HEX: Final = r"[0-9a-fA-F]"
WIDE: Final = r"[\w\-=+/.]"
"""The bodies that tokens are made of; rather a character too many than a piece of a secret left."""


def run_of(characters: str, length: int) -> Callable[[str], bool]:
    """Return what tells whether a text has a run of some characters, in a tenth of the time that a pattern takes.

    Args:
        characters: ASCII characters.
        length: how many of them follow each other.
    """
    marks = bytes(chr(code) in characters for code in range(256))
    run = bytes([1]) * length
    return lambda text: run in text.encode("ascii", "replace").translate(marks)


_FILLER: Final = "q7Zk2Xw9Lr4Tn8Vb3Mc6Jd1Ph5Gs0FyQ4uK8eA2iB6oC9tD5rE1wN7"
_HEX_FILLER: Final = "7a1f9c04e5b8d26340fa9e17c8d5b263e09f4a718c2d6b5e"


def made_up(length: int, seed: int, *, hexadecimal: bool = False) -> str:
    """Return text of the shape of a token that nobody ever issued.

    Args:
        length: how many characters.
        seed: another number, another text.
        hexadecimal: only lower-case hexadecimal digits.
    """
    filler = _HEX_FILLER if hexadecimal else _FILLER
    start = seed * 7 % len(filler)
    return ((filler[start:] + filler) * (length // len(filler) + 1))[:length]


def prefixed(
    name: str,
    prefixes: str,
    *,
    least: int,
    body: str = WORD,
    most: int = 512,
    edge: str = EDGE,
    check: Check | None = None,
    shapes: tuple[str, ...] = (),
    **more: Any,
) -> Rule:
    """Return the rule of a token that starts with a text of its own, its examples made from the format.

    Args:
        name: the rule's name.
        prefixes: how such tokens start, separated by spaces.
        least: fewest characters after the prefix.
        body: the class of these characters.
        most: most of these characters; what follows is no longer the token.
        edge: what must hold before the prefix.
        check: what must hold for the whole token.
        shapes: used instead of the prefixes where those are too short to be rare.
        more: other attributes of the rule.
    """
    starts = prefixes.split()
    escaped = "|".join(start.replace(".", r"\.").replace("+", r"\+") for start in starts)
    bodies = [made_up(min(most, least + 8), len(name) + index, hexadecimal=body == HEX) for index in (0, 1)]
    if "A-Z" not in body and r"\w" not in body:
        bodies = [made.lower() for made in bodies]
    elif "a-z" not in body and r"\w" not in body:
        bodies = [made.upper() for made in bodies]
    examples = (f"{starts[0]}{bodies[0]}", f"sent {starts[-1]}{bodies[1]}")
    return Rule(
        name=name,
        pattern=f"{edge}(?:{escaped}){body}{{{least},{most}}}+",
        literals=() if shapes else tuple(starts),
        shapes=shapes,
        check=check,
        **{
            "sieve": f"(?:{escaped}){body}{{{least}}}",
            "examples": examples,
            "counterexamples": (starts[0], f"{starts[-1]}{made_up(max(0, min(3, least - 1)), 1)} is too short"),
            **more,
        },
    )
