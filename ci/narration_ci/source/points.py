"""The points that a project declares: every place in its source that can emit (docs/coverage.md)."""

import ast
import io
import re
import tokenize
from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Final, Literal

import msgspec

from narration_ci.findings import Finding
from narration_ci.source.expressions import Project
from narration_ci.source.meaning import DYNAMIC_LEVEL, Meaning
from narration_ci.source.scopes import Module, Scope
from narration_ci.source.suspects import Suspect, suspects
from narration_ci.source.syntax import first_string

Kind = Literal["call", "span", "traced", "catalogue"]

KIND_OF: Final[dict[str, Kind]] = {
    "Narrator": "call",
    "emit": "call",
    "span": "span",
    "traced": "traced",
    "point": "catalogue",
}
_SILENT: Final = re.compile(r"#\s*narration:\s*silent\b\s*(?:[-–—:]\s*(?P<reason>\S.*))?")  # noqa: RUF001 - any dash
# The position of each text among the arguments; the others are given by name only.
TEMPLATES: Final[dict[Kind, dict[str, int]]] = {
    "call": {"action": 0, "target": 1, "human": 2},
    "span": {"action": 0, "target": 1, "human": 2},
    "traced": {},
    "catalogue": {"action": 1, "target": 2, "human": 3},
}


class Point(msgspec.Struct, frozen=True, omit_defaults=True):
    """A declared point.

    Attributes:
        key: `path::qualified.name#ordinal`, which survives line changes; its name in the baseline.
        path: relative to the root, with slashes.
        name: the function or class it is in, or `CATALOGUE.point name`; `<module>` outside of any.
        kind: the kind of expression.
        line: first line of the expression, from 1.
        end_line: its last line.
        end_column: where it ends, in UTF-8 bytes from the start of the line.
        actor: who acts, if the source says so.
        action: what is done, if the source says so.
        level: how much it matters; None if it is known only at run time.
        human: the sentence, if it is written as one string.
        silent: why it need not be asserted, if a comment says so.
        progress: the locations of the `progress` calls of a span, which are part of it.
    """

    key: str
    path: str
    name: str
    kind: Kind
    line: int
    end_line: int
    end_column: int
    actor: str | None = None
    action: str | None = None
    level: str | None = None
    human: str | None = None
    silent: str | None = None
    progress: tuple[str, ...] = ()

    @property
    def location(self) -> str:
        """The `source_location` of its events."""
        return f"{self.path}:{self.end_line}:{self.end_column}"

    @property
    def place(self) -> str:
        """`path:line`, where people look for it."""
        return f"{self.path}:{self.line}"


class Declared(msgspec.Struct, frozen=True):
    """Everything that the source declares.

    Attributes:
        points: those that count, in the order of the source.
        silent: those that a comment excludes, each with its reason.
        findings: calls that may narrate, and comments that exclude nothing or give no reason.
        files: how many files were read.
        lines: the number of lines of each file that has a point.
    """

    points: tuple[Point, ...]
    silent: tuple[Point, ...]
    findings: tuple[Finding, ...]
    files: int
    lines: dict[str, int]


def _text(node: ast.expr | None) -> str | None:
    """Return the text of an expression if it is one string; values in an f-string become `{}`."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        pieces = (part.value if isinstance(part, ast.Constant) else "{}" for part in node.values)
        return "".join(str(piece) for piece in pieces)
    return None


def argument(call: ast.Call, position: int | None, name: str) -> ast.expr | None:
    """Return an argument of a call by its position or its name; None if a `*` hides the positions."""
    for keyword in call.keywords:
        if keyword.arg == name:
            return keyword.value
    before = call.args[: (position or 0) + 1]
    if position is None or position >= len(call.args) or any(isinstance(arg, ast.Starred) for arg in before):
        return None
    return call.args[position]


def texts(call: ast.expr, kind: Kind) -> dict[str, str | None]:
    """Return the action, target and sentence of a point as far as the source says them."""
    if not isinstance(call, ast.Call):
        return {"action": None, "target": None, "human": None}
    positions = TEMPLATES[kind]
    return {name: _text(argument(call, positions.get(name), name)) for name in ("action", "target", "human")}


def _name(module: Module, node: ast.expr, kind: Kind, scope: Scope) -> str:
    """Return the qualified name of a point: where it is, what it decorates, or its name in a catalogue."""
    if node in module.decorated:
        return ".".join(part for part in (scope.qualified, module.decorated[node]) if part)
    if kind == "catalogue" and isinstance(node, ast.Call):
        name, owner = first_string(node), node.func
        table = ast.unparse(owner.value) if isinstance(owner, ast.Attribute) else "catalogue"
        if name is not None:
            return ".".join(part for part in (scope.qualified, table, name) if part)
    return scope.qualified or "<module>"


def _point(module: Module, node: ast.expr, scope: Scope, meaning: Meaning, reason: str | None) -> Point:
    kind = KIND_OF[meaning.what]
    written = texts(node, kind)
    own_actor = _text(argument(node, None, "actor")) if kind == "catalogue" and isinstance(node, ast.Call) else None
    return Point(
        key="",
        path=module.path,
        name=_name(module, node, kind, scope),
        kind=kind,
        line=node.lineno,
        end_line=node.end_lineno or node.lineno,
        end_column=node.end_col_offset or 0,
        actor=own_actor or meaning.actor,
        action=written["action"],
        level=_level(meaning, node),
        human=written["human"],
        silent=reason,
    )


def _level(meaning: Meaning, node: ast.expr) -> str | None:
    """Return the level of a point; None if it is known only at run time."""
    if meaning.what == "emit":
        return None if meaning.name == DYNAMIC_LEVEL else meaning.name
    given = argument(node, None, "level") if isinstance(node, ast.Call) else None
    return _text(given) if given is not None else "info"


class _Comment(msgspec.Struct):
    line: int
    own_line: bool
    reason: str | None
    used: bool = False


def silent_comments(text: str) -> list[_Comment]:
    """Return the comments of a source text that exclude a point."""
    if "narration" not in text:
        return []
    found = []
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        match = _SILENT.match(token.string) if token.type == tokenize.COMMENT else None
        if match:
            own = not token.line[: token.start[1]].strip()
            found.append(_Comment(token.start[0], own, match["reason"]))
    return found


def _excluded(nodes: list[ast.expr], comments: Iterable[_Comment]) -> dict[ast.expr, _Comment]:
    """Return the comment of each excluded expression: one comment excludes one, the first of its line."""
    found: dict[ast.expr, _Comment] = {}
    for comment in comments:
        near = [node for node in nodes if node not in found and _distance(node, comment) is not None]
        if near:
            chosen = min(near, key=lambda node: (_distance(node, comment), node.lineno, node.col_offset))
            found[chosen] = comment
            comment.used = True
    return found


def _distance(node: ast.expr, comment: _Comment) -> int | None:
    """Return how far a comment is from an expression: at its first or last line, within it; None if it is not at it."""
    last = node.end_lineno or node.lineno
    if comment.line in (node.lineno, last) or (comment.own_line and comment.line == node.lineno - 1):
        return 0
    return 1 if node.lineno < comment.line < last else None


def _progress(module: Module, project: Project) -> dict[int, list[str]]:
    """Return where the spans of a module report progress, by the identity of the call that made the span."""
    found: dict[int, list[str]] = defaultdict(list)
    for node, scope in module.calls:
        meaning = project.meaning_of(node.func, scope) if isinstance(node, ast.Call) else None
        if meaning is not None and meaning.what == "progress":
            found[id(meaning.node)].append(f"{module.path}:{node.end_lineno}:{node.end_col_offset}")
    return found


def points_of(module: Module, project: Project) -> tuple[list[Point], list[Finding]]:
    """Return the points of a module in the order of its source, and what is wrong with it."""
    comments = silent_comments(module.text)
    progress = _progress(module, project)
    emitting = [
        (node, scope, meaning)
        for node, scope in module.calls
        if (meaning := project.meaning_of(node.func if isinstance(node, ast.Call) else node, scope)) is not None
        and meaning.what in KIND_OF
        # Of the expressions without parentheses only `@narrate.traced` is a point.
        and (isinstance(node, ast.Call) or meaning.what == "traced")
    ]
    unclear = suspects(module, project)
    points_at = {node for node, _, _ in emitting}
    others = [suspect.node for suspect in unclear if suspect.node not in points_at]
    excluded = _excluded([*points_at, *others], comments)
    found = []
    for node, scope, meaning in emitting:
        point = _point(module, node, scope, meaning, excluded[node].reason if node in excluded else None)
        found.append(msgspec.structs.replace(point, progress=tuple(progress.get(id(node), ()))))
    found += [
        _unclear_point(module, suspect, excluded[suspect.node].reason)
        for suspect in unclear
        if suspect.node in excluded and suspect.node not in points_at and excluded[suspect.node].reason
    ]
    findings = [
        Finding("cannot-tell", f"{module.path}:{suspect.node.lineno}", suspect.what, suspect.why)
        for suspect in unclear
        if suspect.node not in excluded
    ]
    return _keyed(found), [*findings, *_wrong_comments(module.path, comments)]


def _keyed(points: list[Point]) -> list[Point]:
    """Return points in the order of the source, each with its key."""
    points.sort(key=lambda point: (point.end_line, point.end_column))
    ordinals: Counter[str] = Counter()
    keyed = []
    for point in points:
        ordinals[point.name] += 1
        key = f"{point.path}::{point.name}#{ordinals[point.name]}"
        keyed.append(msgspec.structs.replace(point, key=key))
    return keyed


def _unclear_point(module: Module, suspect: Suspect, reason: str | None) -> Point:
    """Return a call that may narrate and that a comment excludes: it is listed among the excluded points."""
    node = suspect.node
    return Point(
        key="",
        path=module.path,
        # A name of its own, so that the keys of the points around it do not change.
        name=f"{suspect.scope.qualified or '<module>'}?",
        kind="call",
        line=node.lineno,
        end_line=node.end_lineno or node.lineno,
        end_column=node.end_col_offset or 0,
        silent=reason,
    )


def _wrong_comments(path: str, comments: list[_Comment]) -> list[Finding]:
    findings = []
    for comment in comments:
        place = f"{path}:{comment.line}"
        if not comment.used:
            findings.append(
                Finding(
                    "stale-comment", place, "`# narration: silent` is at no point", "it excludes nothing; remove it"
                )
            )
        elif comment.reason is None:
            what = "`# narration: silent` gives no reason"
            findings.append(
                Finding("no-reason", place, what, "write `# narration: silent - <why no test needs to assert it>`")
            )
    return findings


def declared(project: Project) -> Declared:
    """Return every point of a project."""
    points: list[Point] = []
    findings: list[Finding] = []
    lines = {}
    for module in project.modules:
        found, wrong = points_of(module, project)
        points += found
        findings += wrong
        if found:
            lines[module.path] = module.text.count("\n") + (not module.text.endswith("\n"))
    return Declared(
        points=tuple(point for point in points if point.silent is None),
        silent=tuple(point for point in points if point.silent is not None),
        findings=tuple(findings),
        files=len(project.modules),
        lines=lines,
    )
