"""Mutations of a point, as edits of its source: muted, without its correlation id, with another actor or a secret.

An edit changes one expression and nothing else; the mutated file is otherwise byte for byte the original.
"""

import ast
from collections.abc import Callable
from typing import Final, Literal, NamedTuple

from narration_ci.source.expressions import Project
from narration_ci.source.meaning import Meaning
from narration_ci.source.points import KIND_OF, TEMPLATES, Kind, Point, argument
from narration_ci.source.scopes import Module
from narration_core.contract import CUTE_LIMIT, HUMAN_LIMIT, STORY_LIMIT

Operator = Literal["mute", "correlation", "actor", "secret", "cute", "story"]
OPERATORS: Final[tuple[Operator, ...]] = ("mute", "correlation", "actor", "secret", "cute", "story")
SECRET: Final = " password=made-up-hunter2"  # noqa: S105 - made up
LIMITS: Final = {"human": HUMAN_LIMIT, "cute": CUTE_LIMIT, "story": STORY_LIMIT}
_MUTANT: Final = "mutant"
# A catalogue entry stays an entry, with its attributes and its place in the table; only calling it changes.
_RECALLED: Final = (
    '(lambda point: (setattr(point, "__class__", type("Mutant", (type(point),), '
    '{{"__slots__": (), "__call__": lambda self, **fields: {call}}})), point)[1])({whole})'
)
_CALL_WITHOUT_ID: Final = 'type(self).__mro__[1].__call__(self, **{**fields, "correlation_id": None})'


class Edit(NamedTuple):
    """One replacement in the bytes of a file."""

    start: int
    end: int
    text: str

    def apply(self, source: bytes) -> bytes:
        """Return the source with the replacement made."""
        return source[: self.start] + self.text.encode() + source[self.end :]


class Site(NamedTuple):
    """A point in the source.

    Attributes:
        node: its expression.
        meaning: the meaning of its callee.
        module: the file.
        source: the file's bytes.
        starts: the offset of each of its lines.
    """

    node: ast.expr
    meaning: Meaning
    module: Module
    source: bytes
    starts: tuple[int, ...]

    @property
    def kind(self) -> Kind:
        """The kind of point."""
        return KIND_OF[self.meaning.what]

    def span(self, node: ast.expr) -> tuple[int, int]:
        """Return where a node begins and ends, as offsets."""
        end = self.starts[(node.end_lineno or node.lineno) - 1] + (node.end_col_offset or 0)
        return self.starts[node.lineno - 1] + node.col_offset, end

    def text(self, node: ast.expr) -> str:
        """Return a node's source."""
        start, end = self.span(node)
        return self.source[start:end].decode()

    def replaced(self, node: ast.expr, text: str) -> Edit:
        """Return the edit that puts a text in place of a node."""
        return Edit(*self.span(node), text)


def sites(project: Project, root_bytes: Callable[[str], bytes]) -> dict[str, Site]:
    """Return every point in the source, by its location.

    Args:
        project: the sources.
        root_bytes: reads a file by its path.
    """
    found = {}
    for module in project.modules:
        source: bytes | None = None
        starts: tuple[int, ...] = ()
        for node, scope in module.calls:
            meaning = project.meaning_of(node.func if isinstance(node, ast.Call) else node, scope)
            if meaning is None or meaning.what not in KIND_OF:
                continue
            if source is None:
                source = root_bytes(module.path)
                starts = _line_starts(source)
            found[f"{module.path}:{node.end_lineno}:{node.end_col_offset}"] = Site(
                node, meaning, module, source, starts
            )
    return found


def _line_starts(source: bytes) -> tuple[int, ...]:
    starts, at = [], 0
    for line in source.splitlines(keepends=True):
        starts.append(at)
        at += len(line)
    return (*starts, at)


def _with_keyword(site: Site, name: str, value: str) -> Edit | None:
    """Return the edit that gives a call a keyword argument, or another value for it."""
    call = site.node
    if not isinstance(call, ast.Call):
        return site.replaced(call, f"{site.text(call)}({name}={value})")
    for keyword in call.keywords:
        if keyword.arg == name:
            return site.replaced(keyword.value, value)
    given = [*call.args, *(keyword.value for keyword in call.keywords)]
    if not given:
        start, end = site.span(call)
        return Edit(end - 1, end - 1, f"{name}={value}") if start < end else None
    at = max(site.span(node)[1] for node in given)
    at = _after_brackets(site.source, at, site.span(call)[1])
    return Edit(at, at, f", {name}={value}")


def _after_brackets(source: bytes, at: int, end: int) -> int:
    """Return where an argument ends, the brackets around it included: `narrate(("a"), b)`."""
    rest = source[at : end - 1]
    closed = 0
    for offset, byte in enumerate(rest, start=1):
        if byte == ord(")"):
            closed = offset
        elif byte not in b" \t\r\n":
            break
    return at + closed


def _mute(site: Site) -> Edit | None:
    match site.kind:
        case "span":
            return _with_keyword(site, "quiet", "True")
        case "traced":
            return site.replaced(site.node, "(lambda function: function)")
        case "catalogue":
            return site.replaced(site.node, _RECALLED.format(call="None", whole=site.text(site.node)))
        case _:
            return site.replaced(site.node, "None")


def _correlation(site: Site) -> Edit | None:
    if site.kind == "catalogue":
        return site.replaced(site.node, _RECALLED.format(call=_CALL_WITHOUT_ID, whole=site.text(site.node)))
    return _with_keyword(site, "correlation_id", "None")


def _actor(site: Site) -> Edit | None:
    if site.kind == "catalogue":
        return _with_keyword(site, "actor", repr(_MUTANT))
    function = site.node.func if isinstance(site.node, ast.Call) else site.node
    if site.meaning.what == "Narrator":
        return site.replaced(function, f"type({site.text(function)})({_MUTANT!r})")
    if isinstance(function, ast.Attribute):
        return site.replaced(function.value, f"type({site.text(function.value)})({_MUTANT!r})")
    return None  # an alias of a level's method: its narrator cannot be reached from here


def _leak(site: Site, text: str) -> Edit | None:
    """Return the edit that puts a secret at the end of one text of the point."""
    node = site.node
    written = argument(node, TEMPLATES[site.kind].get(text), text) if isinstance(node, ast.Call) else None
    if written is None:
        return None
    if isinstance(written, ast.Constant):
        if not isinstance(written.value, str):
            return None
        return site.replaced(written, repr(written.value[: LIMITS[text] - len(SECRET)] + SECRET))
    return site.replaced(written, f"({site.text(written)}) + {SECRET!r}")


def _secret(site: Site) -> Edit | None:
    node = site.node
    if site.kind == "traced" and not (isinstance(node, ast.Call) and argument(node, None, "human")):
        return _with_keyword(site, "human", repr(f"Running{SECRET}"))
    return _leak(site, "human")


_EDITS: Final[dict[Operator, Callable[[Site], Edit | None]]] = {
    "mute": _mute,
    "correlation": _correlation,
    "actor": _actor,
    "secret": _secret,
    "cute": lambda site: _leak(site, "cute"),
    "story": lambda site: _leak(site, "story"),
}


def mutated(site: Site, operator: Operator) -> bytes | None:
    """Return the file with one point mutated; None if the operator does not apply or the result is not valid Python.

    Args:
        site: the point.
        operator: the kind of mutation.
    """
    edit = _EDITS[operator](site)
    if edit is None:
        return None
    changed = edit.apply(site.source)
    try:
        ast.parse(changed)
    except SyntaxError:
        return None
    return changed


def what_kills(operator: Operator, point: Point) -> str:
    """Return which assertion would notice the mutation."""
    event = f"assert_event(action={point.action!r}" if point.action else "assert_event(action=..."
    return {
        "mute": f"assert the event: {event}), or a golden story",
        "correlation": f"assert its id: {event}, correlation_id=...), or a golden story, which shows c1, c2",
        "actor": f"assert its actor: {event}, actor=...), or a golden story",
        "secret": f"assert the sentence: {event}, human=...), assert_includes(...), or a golden story",
        "cute": f"assert the sentence: {event}, cute=...), or a golden story",
        "story": f"assert the sentence: {event}, story=...), or a golden story",
    }[operator]
