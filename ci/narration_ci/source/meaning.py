"""What an expression can mean for narration, as data."""

import ast
from typing import Final, Literal, NamedTuple

from narration_ci.source.scopes import Scope

What = Literal[
    "facade", "module", "class", "own class", "object", "function",
    "Narrator", "Catalogue", "Span", "Point",
    "emit", "span", "traced", "progress", "point", "container", "result",
]  # fmt: skip


class Meaning(NamedTuple):
    """What an expression stands for.

    Attributes:
        what: an object of the facade's classes, a method of one, or a way to get there.
        actor: who acts, when the source says so in one string.
        name: of a level, class or module.
        scope: of a class of the project or of the module.
        node: the function, or the call that made the span.
        inner: of a container: what it holds; of a "result": what calling it gives.
        items: of a tuple: the meaning of each item.
    """

    what: What
    actor: str | None = None
    name: str = ""
    scope: Scope | None = None
    node: ast.AST | None = None
    inner: "Meaning | None" = None
    items: "tuple[Meaning | None, ...]" = ()


NARRATING: Final = frozenset({"Narrator", "Catalogue", "Span", "emit", "span", "traced", "progress"})
"""What must not get lost on its way: whoever holds it can narrate. Points are counted where they are declared."""

DYNAMIC_LEVEL: Final = "?"
"""The name of an "emit" whose level is known only at run time."""


def narrates(meaning: Meaning | None) -> bool:
    """Tell whether an object of this meaning can narrate, or holds one that can."""
    if meaning is None:
        return False
    if meaning.what in NARRATING:
        return True
    return any(map(narrates, (meaning.inner, *meaning.items)))


def holding(meaning: Meaning | None) -> Meaning | None:
    """Return the meaning of a container that holds this; None if this cannot narrate."""
    return Meaning("container", inner=meaning) if narrates(meaning) else None


def element_of(meaning: Meaning | None) -> Meaning | None:
    """Return what a loop over a container gives."""
    if meaning is None or meaning.what != "container":
        return None
    return meaning.inner


def item_of(meaning: Meaning | None, index: int) -> Meaning | None:
    """Return one item of a tuple, or of a container whose items are all alike."""
    if meaning is None:
        return None
    if meaning.items and -len(meaning.items) <= index < len(meaning.items):
        return meaning.items[index]
    return meaning.inner if meaning.what == "container" else meaning
