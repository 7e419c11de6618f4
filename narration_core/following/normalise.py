"""Normalisers: volatile parts of a story, replaced so that it is the same on every machine."""

import os
import re
import sys
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final, NamedTuple

_TIME_UNITS: Final = r"(?:ms|milliseconds?|µs|us|ns|s|sec|seconds?|min|minutes?)"
_HOSTS: Final = r"(?:127\.0\.0\.1|0\.0\.0\.0|localhost|\[::1?\])"
_NAME: Final = r"[\w.+@\[\]-]+"


class Normaliser(NamedTuple):
    """A rule that replaces something volatile in stories.

    Attributes:
        name: a name for people.
        pattern: the volatile text.
        replacement: the text shown instead; groups of the pattern may be used.
    """

    name: str
    pattern: re.Pattern[str]
    replacement: str | Callable[[re.Match[str]], str]


def _folder(path: str) -> str:
    return re.escape(path.rstrip("/\\"))


def _path_rules() -> list[Normaliser]:
    """Return the rules about paths of this machine: temporary files, the working directory, home, the interpreter."""
    temporary = sorted({tempfile.gettempdir(), os.path.realpath(tempfile.gettempdir()), "/tmp"})  # noqa: S108 - shown, not used
    alternatives = "|".join(_folder(path) for path in temporary)
    rules = [Normaliser("temporary files", re.compile(rf"(?:{alternatives})(?:/{_NAME})*/({_NAME})"), r"<tmp>/\1")]
    for name, path, shown in (
        ("checkout", str(Path.cwd()), ""),
        ("interpreter", sys.prefix, "<python>/"),
        ("home", str(Path.home()), "~/"),
    ):
        if len(path) > 1:
            rules.append(Normaliser(name, re.compile(rf"(?<![\w.-]){_folder(path)}/"), shown))
    return rules


_ALWAYS: Final = (
    Normaliser(
        "uuid", re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", re.IGNORECASE), "<uuid>"
    ),
    Normaliser("digest", re.compile(r"\b[0-9a-f]{32,64}\b", re.IGNORECASE), "<digest>"),
    Normaliser(
        "timestamp", re.compile(r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)?"), "<time>"
    ),
    Normaliser("port of a host", re.compile(rf"({_HOSTS}):\d{{1,5}}\b"), r"\1:<port>"),
    Normaliser("port", re.compile(r"\b([Pp]ort) \d{1,5}\b"), r"\1 <port>"),
    Normaliser("process id", re.compile(r"\b(pid|PID)([ =:]+)\d+"), r"\1\2<pid>"),
    Normaliser("address", re.compile(r"\b0x[0-9a-f]{6,16}\b"), "<address>"),
    Normaliser("duration", re.compile(rf"(?<![\w.])\d[\d,]*(?:\.\d+)?(\s?){_TIME_UNITS}\b"), r"<duration>"),
)

_own: dict[str, Normaliser] = {}
_repeating: set[str] = set()


def normaliser(name: str, pattern: str | re.Pattern[str], replacement: str) -> None:
    """Register a rule for every story; registering a name again replaces the rule.

    Args:
        name: a name for people.
        pattern: a regular expression for the volatile text.
        replacement: the text shown instead, for example `<n> tokens`.
    """
    _own[name] = Normaliser(name, re.compile(pattern), replacement)


def repeating(*actions: str) -> None:
    """Name actions whose number of repetitions is volatile: a story shows a run of them once.

    Args:
        actions: for example `token_progress`, narrated every ten tokens of a text whose length depends on sampling.
    """
    _repeating.update(actions)


def is_repeating(action: str | None) -> bool:
    """Tell whether a run of this action is shown once."""
    return action in _repeating


def rules() -> Iterable[Normaliser]:
    """Return every rule, in the order in which they apply: registered ones first."""
    return (*_own.values(), *_path_rules(), *_ALWAYS)


def normalised(text: str, wanted: Iterable[Normaliser] | None = None) -> str:
    """Return a text with its volatile parts replaced.

    Args:
        text: a sentence or a target.
        wanted: the rules; all of them when absent.
    """
    for rule in rules() if wanted is None else wanted:
        text = rule.pattern.sub(rule.replacement, text)
    return text
