"""Following a request: its story, what it waits for, and how it fits the golden stories. Works on plain log files."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from narration_core.following._conform import Conformity, Group, conform
    from narration_core.following._filter import Filter
    from narration_core.following._foreign import foreign_event
    from narration_core.following._golden import Element, Golden, Goldens, Parting
    from narration_core.following._lines import ID_FIELDS, Line, belonging, needles
    from narration_core.following._log_files import NoLogsError
    from narration_core.following._source import MAX_HITS, RECENT_BYTES, Files, Searched, Source
    from narration_core.following._spans import CLOSING, HOPS, OPENING, Work, Works, closes
    from narration_core.following._story import Story, follow
    from narration_core.following._tail import Tail
    from narration_core.following._usual import Recent
    from narration_core.following._why import Answer, Voice, why

__all__ = [
    "CLOSING",
    "HOPS",
    "ID_FIELDS",
    "MAX_HITS",
    "OPENING",
    "RECENT_BYTES",
    "Answer",
    "Conformity",
    "Element",
    "Files",
    "Filter",
    "Golden",
    "Goldens",
    "Group",
    "Line",
    "NoLogsError",
    "Parting",
    "Recent",
    "Searched",
    "Source",
    "Story",
    "Tail",
    "Voice",
    "Work",
    "Works",
    "belonging",
    "closes",
    "conform",
    "follow",
    "foreign_event",
    "needles",
    "why",
]

# Names are loaded when they are first asked for: `narration story` needs a third of them, and starts in that time.
_HOMES = {
    "ID_FIELDS": "narration_core.following._lines",
    "CLOSING": "narration_core.following._spans",
    "HOPS": "narration_core.following._spans",
    "OPENING": "narration_core.following._spans",
    "MAX_HITS": "narration_core.following._source",
    "Answer": "narration_core.following._why",
    "Conformity": "narration_core.following._conform",
    "Element": "narration_core.following._golden",
    "Files": "narration_core.following._source",
    "Filter": "narration_core.following._filter",
    "Golden": "narration_core.following._golden",
    "Goldens": "narration_core.following._golden",
    "Group": "narration_core.following._conform",
    "Line": "narration_core.following._lines",
    "NoLogsError": "narration_core.following._log_files",
    "Parting": "narration_core.following._golden",
    "RECENT_BYTES": "narration_core.following._source",
    "Recent": "narration_core.following._usual",
    "Searched": "narration_core.following._source",
    "Source": "narration_core.following._source",
    "Story": "narration_core.following._story",
    "Tail": "narration_core.following._tail",
    "Voice": "narration_core.following._why",
    "Work": "narration_core.following._spans",
    "Works": "narration_core.following._spans",
    "belonging": "narration_core.following._lines",
    "needles": "narration_core.following._lines",
    "closes": "narration_core.following._spans",
    "conform": "narration_core.following._conform",
    "follow": "narration_core.following._story",
    "foreign_event": "narration_core.following._foreign",
    "why": "narration_core.following._why",
}


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'narration_core.following' has no attribute {name!r}")
    from importlib import import_module  # noqa: PLC0415 - not needed to import the package

    value = globals()[name] = getattr(import_module(home), name)
    return value
