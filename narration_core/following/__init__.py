"""Following a request: its story, what it waits for, and how it fits the golden stories. Works on plain log files."""

from narration_core.following._conform import Conformity, Group, conform
from narration_core.following._filter import Filter
from narration_core.following._golden import Element, Golden, Goldens, Parting
from narration_core.following._lines import Line
from narration_core.following._log_files import NoLogsError
from narration_core.following._source import Files, Searched, Source
from narration_core.following._spans import Work
from narration_core.following._story import Story, follow
from narration_core.following._tail import Tail
from narration_core.following._why import Answer, Voice, why

__all__ = [
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
    "Searched",
    "Source",
    "Story",
    "Tail",
    "Voice",
    "Work",
    "conform",
    "follow",
    "why",
]
