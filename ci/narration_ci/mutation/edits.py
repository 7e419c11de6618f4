"""What can go wrong at a point, as edits of its source: not told, out of the chain, by another, with a secret.

An edit changes one expression and nothing else; the mutated file is otherwise byte for byte the original.
"""

import ast
from collections.abc import Callable
from typing import Final, Literal, NamedTuple

from narration_ci.source.expressions import Meaning, Project
from narration_ci.source.points import KIND_OF, TEMPLATES, Kind, Point, argument
from narration_ci.source.scopes import Module
from narration_core.contract import HUMAN_LIMIT

Operator = Literal["mute", "correlation", "actor", "secret"]
OPERATORS: Final[tuple[Operator, ...]] = ("mute", "correlation", "actor", "secret")
SECRET: Final = " password=made-up-hunter2"  # noqa: S105 - a made-up one, and that is the point
_MUTANT: Final = "mutant"
# An entry of a catalogue stays one, with its attributes and its place in the table; only calling it changes.
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
    """A point as it stands in the source.

    Attributes:
        node: its expression.
        meaning: what makes it a point.
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
        """What sort of point it is."""
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
    """Return every point as it stands in the source, by its location.

    Args:
        project: the sources.
        root_bytes: reads a file by its path.
    """
    found = {}
    for module in project.modules:
        source: bytes | None = None
        starts: tuple[int, ...] = ()
        for node, scope in module.calls:
            meaning = project.of(node.func if isinstance(node, ast.Call) else node, scope)
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
    at = max(site.span(one)[1] for one in given)
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
    return None  # an alias of a level's method: the narrator behind it cannot be reached from here


def _secret(site: Site) -> Edit | None:
    node = site.node
    if site.kind == "traced" and not (isinstance(node, ast.Call) and argument(node, None, "human")):
        return _with_keyword(site, "human", repr(f"Running{SECRET}"))
    sentence = argument(node, TEMPLATES[site.kind].get("human"), "human") if isinstance(node, ast.Call) else None
    if sentence is None:
        return None
    if isinstance(sentence, ast.Constant) and isinstance(sentence.value, str):
        return site.replaced(sentence, repr(sentence.value[: HUMAN_LIMIT - len(SECRET)] + SECRET))
    return site.replaced(sentence, f"({site.text(sentence)}) + {SECRET!r}")


_EDITS: Final[dict[Operator, Callable[[Site], Edit | None]]] = {
    "mute": _mute,
    "correlation": _correlation,
    "actor": _actor,
    "secret": _secret,
}


def mutated(site: Site, operator: Operator) -> bytes | None:
    """Return the file with one point mutated; None where the operator does not apply or would not be Python.

    Args:
        site: the point.
        operator: what goes wrong there.
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
    action = point.action or "..."
    return {
        "mute": f"assert that it is told: assert_event(action={action!r}), or a golden story",
        "correlation": "assert the chain: assert_correlation_id(), or a golden story, which shows c1, c2",
        "actor": f"assert who tells it: assert_event(actor=..., action={action!r}), or a golden story",
        "secret": "assert the sentence: assert_includes(...), a golden story, or assert_no_secrets(...)",
    }[operator]
