"""`narration lint`: mistakes in how narration is written, found before anything runs.

Rules: `long` (a text over its limit), `name` (an actor or action that is not ASCII `[a-z0-9_.-]`), `field` (not in the
taxonomy and not registered), `template` (a placeholder that nothing can fill), `built` (a sentence built by hand: its
values would be read as templates), `secret` (redaction would change the text), `print` (a service that prints instead
of narrating). `# narration: allow <rule> - <reason>` switches a rule off for its line.
"""

import ast
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Final, NamedTuple

from narration_ci.findings import Finding
from narration_ci.source.expressions import Project
from narration_ci.source.extra_fields import registered
from narration_ci.source.meaning import Meaning
from narration_ci.source.points import KIND_OF, TEMPLATES, Kind, argument
from narration_ci.source.scopes import Module, Scope
from narration_core import redact
from narration_core.contract import CUTE_LIMIT, HUMAN_LIMIT, STORY_LIMIT, is_field, is_name, template_fields

_LIMITS: Final = {"human": HUMAN_LIMIT, "done": HUMAN_LIMIT, "cute": CUTE_LIMIT, "story": STORY_LIMIT}
_ALLOW: Final = re.compile(r"#\s*narration:\s*allow\s+(?P<rule>[a-z]+)\s*(?:[-:]\s*(?P<reason>\S.*))?")
# Keyword arguments that are not fields of the event.
_OPTIONS: Final[dict[Kind, frozenset[str]]] = {
    "call": frozenset({"cute", "story"}),
    "span": frozenset({"cute", "story", "done", "level", "quiet"}),
    "traced": frozenset({"action", "cute", "story", "human", "quiet"}),
    "catalogue": frozenset(
        {"name", "action", "target", "human", "actor", "event", "level", "cute", "story", "channel"}
    ),
}
_PLACEHOLDER: Final = re.compile(r"(?<!\{)\{(?P<inside>[^{}]*)\}(?!\})")


class _Call(NamedTuple):
    """A narrating call, and what the rules need to know about it."""

    node: ast.Call
    kind: Kind
    meaning: Meaning
    place: str
    registered: frozenset[str]

    def text(self, name: str) -> ast.expr | None:
        """Return an argument by its name."""
        return argument(self.node, TEMPLATES[self.kind].get(name), name)


def _string(node: ast.expr | None) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def _long(call: _Call) -> Iterator[Finding]:
    for name, limit in _LIMITS.items():
        text = _string(call.text(name))
        if text is not None and len(text) > limit:
            what = f"{name} is {len(text)} characters long"
            yield Finding("long", call.place, what, f"at most {limit}; shorten it, put the rest into fields")


def _names(call: _Call) -> Iterator[Finding]:
    actor = call.meaning.actor if call.kind != "catalogue" else _string(call.text("actor"))
    for name, value in (("actor", actor), ("action", _string(call.text("action")))):
        if value is not None and not is_name(value):
            yield Finding(
                "name",
                call.place,
                f"{name} {value!r} is not a valid name",
                "use ASCII [a-z0-9_.-], up to 64",
            )


def _fields(call: _Call) -> Iterator[Finding]:
    for keyword in call.node.keywords:
        name = keyword.arg
        if name and name not in _OPTIONS[call.kind] and not is_field(name) and name not in call.registered:
            why = f"not in the taxonomy (`narration taxonomy`); register_field({name!r}, <type>, <meaning>) adds it"
            yield Finding("field", call.place, f"field {name!r} is unknown", why)


def _templates(call: _Call) -> Iterator[Finding]:
    given = {keyword.arg for keyword in call.node.keywords}
    for name in ("target", *_LIMITS) if call.kind == "catalogue" else _LIMITS:
        text = _string(call.text(name))
        if text is None or None in given:
            continue
        known = set(template_fields(text))
        for match in _PLACEHOLDER.finditer(text):
            inside = match["inside"]
            field = re.split(r"[:!]", inside)[0]
            if field not in known and re.search(r"[.\[]", field):
                why = "attributes and indexes are not followed; pass the value as a field of its own"
                yield Finding("template", call.place, f"{name} contains {{{inside}}}", why)
            elif field in known and field not in given and not is_field(field) and field not in call.registered:
                why = "no field of this name is given, bound or known, so the braces would be shown as they are"
                yield Finding("template", call.place, f"{name} contains {{{inside}}}", why)


def _built(call: _Call) -> Iterator[Finding]:
    for name in _LIMITS:
        node = call.text(name)
        is_built = (
            (isinstance(node, ast.JoinedStr) and any(isinstance(part, ast.FormattedValue) for part in node.values))
            or (isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Mod))
            or (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "format")
        )
        if is_built:
            why = "write one string with {placeholders} and pass the values as fields: they can then be asserted on"
            yield Finding("built", call.place, f"{name} is built by hand", why)


def _secrets(call: _Call) -> Iterator[Finding]:
    for name in ("target", *_LIMITS):
        text = _string(call.text(name))
        if text is not None and redact(text) != text:
            yield Finding(
                "secret",
                call.place,
                f"{name} seems to contain a secret",
                "redaction hides part of it; take it out",
            )


_RULES: Final[tuple[Callable[[_Call], Iterator[Finding]], ...]] = (_long, _names, _fields, _templates, _built, _secrets)


def _calls(module: Module, project: Project, extra: frozenset[str]) -> Iterator[_Call]:
    for node, scope in module.calls:
        meaning = project.meaning_of(node.func, scope) if isinstance(node, ast.Call) else None
        if meaning is None or not isinstance(node, ast.Call):
            continue
        place = f"{module.path}:{node.lineno}"
        if meaning.what in KIND_OF:
            yield _Call(node, KIND_OF[meaning.what], meaning, place, extra)
        elif meaning.what == "progress":
            yield _Call(node, "traced", meaning, place, extra)


def _points_called(module: Module, project: Project, extra: frozenset[str]) -> Iterator[Finding]:
    """Yield unknown fields where entries of a catalogue are called."""
    for node, scope in module.calls:
        meaning = project.meaning_of(node.func, scope) if isinstance(node, ast.Call) else None
        if meaning is not None and meaning.what == "Point" and isinstance(node, ast.Call):
            yield from _fields(_Call(node, "call", meaning, f"{module.path}:{node.lineno}", extra))


def _is_builtin(name: str, scope: Scope) -> bool:
    here: Scope | None = scope
    while here is not None:
        if name in here.names:
            return False
        here = here.parent
    return True


def _prints(module: Module) -> Iterator[Finding]:
    for node, scope in module.calls:
        func = node.func if isinstance(node, ast.Call) else None
        if isinstance(func, ast.Name) and func.id == "print" and _is_builtin("print", scope):
            why = "printed text cannot be followed, asserted or redacted; narrate it"
            yield Finding("print", f"{module.path}:{node.lineno}", "calls print", why)


def _allowed(module: Module) -> dict[tuple[str, str], str | None]:
    """Return which rules are switched off at which lines, with the reasons."""
    found = {}
    for number, line in enumerate(module.text.splitlines(), start=1):
        match = _ALLOW.search(line) if "narration:" in line else None
        if match:
            found[f"{module.path}:{number}", match["rule"]] = match["reason"]
    return found


def lint(project: Project, only: Iterable[str] | None = None) -> list[Finding]:
    """Return the mistakes in the narration of a project.

    Args:
        project: all of its sources, because names are followed through them.
        only: report these files alone.
    """
    extra = registered(project)
    wanted = set(only) if only is not None else None
    findings: list[Finding] = []
    for module in project.modules:
        if wanted is not None and module.path not in wanted:
            continue
        allowed = _allowed(module)
        found = [finding for call in _calls(module, project, extra) for rule in _RULES for finding in rule(call)]
        found += [*_points_called(module, project, extra), *_prints(module)]
        findings += [finding for finding in found if allowed.get((finding.place, finding.rule)) is None]
    return findings
