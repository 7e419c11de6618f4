"""Source of the functions that the fast path generates: for calls with given field names, all checks included.

They are generated (as `namedtuple` and `dataclass` do) because what is known about a call beforehand need not be found
out at every call: its field names, and for a declared point also its texts. For calls that give `device` alone:

    def compose(rank, actor, action, target, human, bound, fields):
        device = fields['device']
        if not (
            bound.json is not None and
            type(action) is str and (action in names or is_new_name(action)) and
            (actor in names or is_new_name(actor)) and
            type(target) is str and
            type(human) is str and
            type(device) is str
        ): return None
        if '{' in human or '}' in human:
            quick = quick_template(human)
            try: human = fill(human, fields) if quick is None else quick[0] % quick[1](fields)
            except (LookupError, ValueError): return None
        if target in plain_texts and device in plain_texts:
            if human not in plain_texts and text_needs_care(human): return None
        elif needs_care((target, human, device,)): return None
        return Draft(b'', rank, None, now() // 1000000, actor, action, target, human, bound.fields,
            bound.json, end, device)

`compose` returns None for a call that must be built the slow way. What it raises is a fault of this module: every
expected case is one of its checks. `narration_core._fast_path` compiles and runs it.
"""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import msgspec

from narration_core._coercion import FIELD_TYPES
from narration_core._event import FIELDS, LATEST_MS, OWN
from narration_core._taxonomy import ExtraField
from narration_core._text import CUTE_LIMIT, HUMAN_LIMIT, STORY_LIMIT, Slot, as_printf

TEXTS: Final = ("cute", "story")
MOMENT: Final = "emitted_at_ms"
_IDS: Final = FIELDS[FIELDS.index("correlation_id") : FIELDS.index("engine")]
BODY: Final = FIELDS[FIELDS.index("engine") : FIELDS.index("emitted_by")]
ID_INDEX: Final = {name: index for index, name in enumerate(_IDS)}
"""The ids that may be bound, each with its index on the line."""

_BOUND: Final = {name: f"bound.fields[{name!r}]" for name in ID_INDEX}
_LIMITS: Final = {"human": HUMAN_LIMIT, "cute": CUTE_LIMIT, "story": STORY_LIMIT}

_SMALL: Final = 10**11
"""Numbers below this are neither card numbers nor too long for a line of JSON."""


class Declared(msgspec.Struct, frozen=True, eq=False):
    """What every call of a declared point has in common.

    Attributes:
        rank: the level's index in `levels.EMITTING`.
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
    """The values of a call, by the way they come into the source.

    Attributes:
        given: the variable of each field that the call gives.
        fixed: texts that are the same in every call.
        filled: templates of a declared point, as expressions over the variables.
        spoken: which of `TEXTS` the event has.
        line: the event's own fields on the line after the bound ones, in order.
        more: the variables of extra fields, in the order of the line.
        strings: the variables that hold text.
        spoken_whole: those of them that the sentence of a declared point holds as words of their own.
    """

    given: Mapping[str, str]
    fixed: Mapping[str, str]
    filled: Mapping[str, str]
    spoken: Sequence[str]
    line: Sequence[str]
    more: Mapping[str, str]
    strings: Sequence[str]
    spoken_whole: Sequence[str]


def source(
    names: Sequence[str], extra: Sequence[ExtraField], point: Declared | None = None, *, strict: bool = False
) -> str | None:
    """Return the source for calls with these field names; None when such calls are always built the slow way.

    It defines `compose`, which returns the event or None; `Draft`, the event with fields of these names; and its
    `render`, which builds the JSON line. It holds nothing but literals and names of the taxonomy.

    Args:
        names: the names of the call, in any order.
        extra: those that are registered extra fields, in the order of the line.
        point: the declared point that is called; None for calls of a narrator.
        strict: leave texts over their limits to the slow path, which raises.
    """
    # The name of an extra field need not be an identifier.
    more = {field.name: f"extra_{index}" for index, field in enumerate(extra)}
    given = {name: more.get(name, name) for name in names if name != MOMENT}
    strings = [name for name in (*ID_INDEX, *BODY) if FIELD_TYPES[name] == (str,) and name in given]
    strings += [more[field.name] for field in extra if field.type is str]
    texts = (*strings, *_BOUND.values())
    fixed: dict[str, str] = {}
    filled: dict[str, str] = {}
    spoken_whole: Sequence[str] = ()
    for name, template in point.texts.items() if point else ():
        form, slots = as_printf(template) or ("", (Slot("?"),))  # no call gives `?`: the slow way
        variables = [given.get(slot.field) or _BOUND.get(slot.field, "") for slot in slots]
        if any(slot.nouns and variable in texts for slot, variable in zip(slots, variables, strict=True)):
            return None  # text counts nothing
        if name in given:
            return None
        if name == "event":
            fixed[name] = template
        elif not slots:
            fixed[name] = form % ()
            if not fixed[name]:
                return None
        elif form == "%s" and variables[0] in texts:
            filled[name] = variables[0]
        elif all(variables):
            filled[name] = f"{form!r} % ({', '.join(map(_expression, slots, variables))},)"
            if name == "human":
                spoken_whole = [name for name in _words_of(form, variables) if name in strings]
        else:
            return None
    known = {*given, *fixed, *filled}
    line = [name for name in (*ID_INDEX, *BODY) if name in known]
    spoken = [name for name in TEXTS if name in known]
    parts = _Parts(given, fixed, filled, spoken, line, more, strings, spoken_whole)
    own = [*given.values(), *(name for name in parts.spoken if name in filled)]
    return "\n".join([*_compose(parts, own, point, moment_given=MOMENT in names, strict=strict), *_render(parts, own)])


def _expression(slot: Slot, variable: str) -> str:
    """Return the expression for what a printf format takes."""
    return variable if slot.nouns is None else f"({slot.nouns[0]!r} if {variable} == 1 else {slot.nouns[1]!r})"


def _words_of(form: str, variables: Sequence[str]) -> list[str]:
    """Return the variables that a printf format sets between spaces, or at its ends."""
    if "%%" in form:
        return []
    before, *rest = form.split("%s")
    found = []
    for index, (variable, after) in enumerate(zip(variables, rest, strict=True), 1):
        if (before.endswith(" ") or (index == 1 and not before)) and (
            after.startswith(" ") or (index == len(rest) and not after)
        ):
            found.append(variable)
        before = after
    return found


def _compose(
    parts: _Parts, own: Sequence[str], point: Declared | None, *, moment_given: bool, strict: bool
) -> list[str]:
    """Return the source of `compose`."""
    said = [name for name in ("target", "human", *parts.spoken) if name not in parts.fixed]
    numbers = [value for value in parts.given.values() if value not in (*parts.strings, *parts.spoken)]
    checks = ["bound.json is not None"]
    if not point:
        checks += [
            "type(action) is str and (action in names or is_new_name(action))",
            "(actor in names or is_new_name(actor))",
        ]
    checks += [
        f"type({name}) is str" for name in (*(name for name in said if name not in parts.filled), *parts.strings)
    ]
    checks += [f"type({name}) is int" for name in numbers]
    checks += [f"-{_SMALL} < {name} < {_SMALL}" for name in numbers]
    checks += [f"bound.last_place < {ID_INDEX[name]}" for name in parts.line[:1] if name in ID_INDEX]
    moment = "now() // 1000000"
    if moment_given:
        moment = f"fields[{MOMENT!r}]"
        checks.append(f"type({moment}) is int and 0 <= {moment} < {LATEST_MS}")
    rank, actor, action = (point.rank, repr(point.actor), repr(point.action)) if point else ("rank", "actor", "action")
    lines = [f"def compose({'' if point else 'rank, actor, action, target, human, '}bound, fields):"]
    lines += [f"    {value} = fields[{name!r}]" for name, value in parts.given.items()]
    lines += [
        "    if not (",
        *(f"        {check} and" for check in checks[:-1]),
        f"        {checks[-1]}",
        "    ): return None",
    ]
    for name, expression in parts.filled.items():
        if "bound.fields[" in expression:
            lines += [f"    try: {name} = {expression}", "    except KeyError: return None"]
        else:
            lines += [f"    {name} = {expression}"]
    lines += [f"    {name} = {parts.fixed[name]!r}" for name in ("target", "human") if name in parts.fixed]
    lines += [f"    if not {name}: return None" for name in ("target", "human") if name in parts.filled]
    for name in (name for name in said if name != "target" and name not in parts.filled):
        lines += [f"    if '{{' in {name} or '}}' in {name}:"]
        lines += [f"        quick = quick_template({name})"]
        lines += [f"        try: {name} = fill({name}, fields) if quick is None else quick[0] % quick[1](fields)"]
        lines += ["        except (LookupError, ValueError): return None"]
    if strict:
        lines += [f"    if len({name}) > {_LIMITS[name]}: return None" for name in said if name != "target"]
    # Numbers hold no secrets: they are small. What is a field as it is, is looked at as that field, a bound id with its
    # scope.
    looked_at = {*parts.strings, *_BOUND.values()}
    pieces = (*(name for name in said if parts.filled.get(name) not in looked_at), *parts.strings)
    if pieces:
        # Mostly the sentence alone is new. What it holds as words of their own is looked at with it.
        told = "human" if "human" in pieces else pieces[0]
        words = parts.spoken_whole if told == "human" else ()
        known = " and ".join(f"{piece} in plain_texts" for piece in pieces if piece not in (told, *words)) or "True"
        each = f", ({', '.join((told, *words))})" if words else ""
        lines += [
            f"    if {known}:",
            f"        if {told} not in plain_texts and text_needs_care({told}{each}): return None",
            f"    elif needs_care(({', '.join(pieces)},)): return None",
        ]
    lines += [f"    return Draft(b'', {rank}, None, {moment}, {actor}, {action}, target, human, bound.fields,"]
    lines += [f"        bound.json, end, {', '.join(own)})"]
    return lines


def _render(parts: _Parts, own: Sequence[str]) -> list[str]:
    """Return the source of `Draft` and its `render`. Plain text needs no JSON escapes but those of its quotes."""
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
