"""The source of composers: functions that make an event of a call with given field names, all checks included.

They are generated (as `namedtuple` and `dataclass` do) because what is known about a call beforehand need not be found
out at every call: its field names, and for a declared point also its texts. `narration_core._fast_path` runs them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from narration_core._coercion import FIELD_TYPES
from narration_core._event import FIELDS, LATEST_MS, OWN
from narration_core._taxonomy import ExtraField
from narration_core._text import as_printf

TEXTS: Final = ("cute", "story")
MOMENT: Final = "emitted_at_ms"
_IDS: Final = FIELDS[FIELDS.index("correlation_id") : FIELDS.index("engine")]
BODY: Final = FIELDS[FIELDS.index("engine") : FIELDS.index("emitted_by")]
PLACE: Final = {name: place for place, name in enumerate(_IDS)}
"""The ids that may be bound, each with its place on the line."""

_BOUND: Final = {name: f"scope.fields[{name!r}]" for name in PLACE}

_SMALL: Final = 10**11
"""Extra numbers from here on could be card numbers; the event's own fields are known not to be."""


@dataclass(frozen=True, eq=False)
class Declared:
    """What every call of a declared point has in common.

    Attributes:
        rank: the level's place in `levels.EMITTING`.
        actor: who acts.
        action: what is done.
        texts: `target` and `human`; `cute`, `story` and `event` where the point has them. All but the last are
            templates over the fields.
    """

    rank: int
    actor: str
    action: str
    texts: Mapping[str, str]


class _Parts(NamedTuple):
    """The values of a call, by how they are written.

    Attributes:
        given: the variable of each field that the call gives.
        fixed: texts that are the same in every call.
        filled: templates of a declared point, as expressions over the variables.
        spoken: which of `TEXTS` the event has.
        line: the event's own fields on the line after the bound ones, in order.
        more: the variables of extra fields, in the order of the line.
        strings: the variables that hold text.
    """

    given: Mapping[str, str]
    fixed: Mapping[str, str]
    filled: Mapping[str, str]
    spoken: Sequence[str]
    line: Sequence[str]
    more: Mapping[str, str]
    strings: Sequence[str]


def source(names: Sequence[str], extra: Sequence[ExtraField], point: Declared | None = None) -> str | None:
    """Return the source of what is generated for calls with these field names; None when they need the long way.

    That is `compose`, which returns the event, or None for the long way; `Draft`, the event with fields of these
    names; and its `render`, which puts the line together. It holds nothing but literals and names of the taxonomy.

    Args:
        names: the names of the call, in any order.
        extra: those that are registered extra fields, in the order of the line.
        point: whose calls they are; None for calls that say everything themselves.
    """
    more = {field.name: f"extra_{place}" for place, field in enumerate(extra)}  # a field's name may be no identifier
    given = {name: more.get(name, name) for name in names if name != MOMENT}
    strings = [name for name in (*PLACE, *BODY) if FIELD_TYPES[name] == (str,) and name in given]
    strings += [more[field.name] for field in extra if field.type is str]
    fixed: dict[str, str] = {}
    filled: dict[str, str] = {}
    for name, template in point.texts.items() if point else ():
        form, fields = as_printf(template) or ("", ("?",))  # nobody gives that: the long way
        variables = [given.get(field) or _BOUND.get(field, "") for field in fields]
        if name in given:
            return None
        if name == "event":
            fixed[name] = template
        elif not fields:
            fixed[name] = form % ()
        elif form == "%s" and variables[0] in (*strings, *_BOUND.values()):
            filled[name] = variables[0]
        elif all(variables):
            filled[name] = f"{form!r} % ({', '.join(variables)},)"
        else:
            return None
    known = {*given, *fixed, *filled}
    line = [name for name in (*PLACE, *BODY) if name in known]
    parts = _Parts(given, fixed, filled, [name for name in TEXTS if name in known], line, more, strings)
    own = [*given.values(), *(name for name in parts.spoken if name in filled)]
    return "\n".join([*_compose(parts, own, point, moment_given=MOMENT in names), *_render(parts, own)])


def _compose(parts: _Parts, own: Sequence[str], point: Declared | None, *, moment_given: bool) -> list[str]:
    """Return the source of `compose`."""
    said = [name for name in ("target", "human", *parts.spoken) if name not in parts.fixed]
    numbers = [value for value in parts.given.values() if value not in (*parts.strings, *parts.spoken)]
    checks = [f"type({name}) is str" for name in (*(name for name in said if name not in parts.filled), *parts.strings)]
    checks += [f"type({name}) is int" for name in numbers]
    checks += [f"-{_SMALL} < {name} < {_SMALL}" for name in numbers if name in parts.more.values()]
    checks += [f"scope.last_place < {PLACE[name]}" for name in parts.line[:1] if name in PLACE]
    moment = "now() // 1000000"
    if moment_given:
        moment = f"fields[{MOMENT!r}]"
        checks.append(f"type({moment}) is int and 0 <= {moment} < {LATEST_MS}")
    rank, actor, action = (point.rank, repr(point.actor), repr(point.action)) if point else ("rank", "actor", "action")
    lines = [f"def compose({'' if point else 'rank, actor, action, target, human, '}scope, fields, end):"]
    lines += [f"    {value} = fields[{name!r}]" for name, value in parts.given.items()]
    lines += [f"    if not ({' and '.join(checks)}): return None"] if checks else []
    lines += [f"    {name} = {expression}" for name, expression in parts.filled.items()]
    lines += [f"    {name} = {parts.fixed[name]!r}" for name in ("target", "human") if name in parts.fixed]
    lines += ["    if not (target and human): return None"]
    for name in (name for name in said if name != "target" and name not in parts.filled):
        lines += [f"    if '{{' in {name} or '}}' in {name}:"]
        lines += [f"        quick = quick_templates.get({name})"]
        lines += [f"        {name} = fill({name}, fields) if quick is None else quick[0] % quick[1](fields)"]
    pieces = (*said, *parts.strings)  # numbers say nothing: the checks know them
    if pieces:
        known = " and ".join(f"{piece} in plain_texts" for piece in pieces)
        lines += [f"    if not ({known}) and needs_care(({', '.join(pieces)},)): return None"]
    lines += [f"    return Draft(b'', {rank}, None, {moment}, {actor}, {action}, target, human, scope.fields,"]
    lines += [f"        scope.fragment, end, {', '.join(own)})"]
    return lines


def _render(parts: _Parts, own: Sequence[str]) -> list[str]:
    """Return the source of `Draft` and of its `render`; what is plain needs no more than its quotes escaped."""
    values = {**{name: parts.given.get(name, name) for name in parts.line}, **parts.more}
    texts = {*parts.strings, *parts.fixed}
    written = {
        name: f'"{name}":"{{{value}}}",' if value in texts else f'"{name}":{{{value}}},'
        for name, value in values.items()
    }
    head = '{{"emitted_at_ms":{draft.emitted_at_ms},"level":"{levels[draft.rank]}","actor":"{draft.actor}",'
    head += '"action":"{draft.action}","target":"{target}","human":"{human}",'
    head += "".join(f'"{name}":"{{{name}}}",' for name in parts.spoken)
    line = "".join(written[name] for name in parts.line)
    end = "{draft.end}"
    if parts.more:
        end = "{draft.end[:-1]}," + "".join(written[name] for name in parts.more)[:-1] + "}}"
    quoted = ("target", "human", *(name for name in parts.spoken if name not in parts.fixed), *parts.strings)
    lines = ["def render(draft):", "    target = draft.target", "    human = draft.human"]
    lines += [f"    {value} = draft.{OWN}{value}" for value in own]
    escaped = {name: text.replace('"', '\\"') for name, text in parts.fixed.items()}
    lines += [f"    {name} = {text!r}" for name, text in escaped.items() if name not in {"target", "human"}]
    lines += [f"    if '\"' in {name}: {name} = {name}.replace('\"', '\\\\\"')" for name in quoted]
    lines += [f"    return f'{head}{{draft.bound_json}}{line}{end}'.encode()"]
    namespace = "'render': render"
    if "job_id" in parts.given:
        namespace += f", 'job_id': property(lambda draft: draft.{OWN}job_id)"
    fields = ", ".join(f"({OWN + value!r}, object)" for value in own)
    lines += [f"Draft = defstruct('Draft', [{fields}], bases=(Draft,), namespace={{{namespace}}}, gc=False)"]
    return lines
