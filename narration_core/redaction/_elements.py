"""Names and values that follow each other in a list: arguments of a command, raw headers, prompts and answers."""

import itertools
import re
from collections.abc import Sequence
from typing import Any, Final, Protocol

from narration_core.redaction._secret_names import Verdict
from narration_core.redaction._values import fits_text

CREDENTIAL_PAIR: Final = "userpass:"
"""The name that an argument stands under when it is `user:password`."""

_OPTION: Final = re.compile(r"--?[A-Za-z][\w\-]{0,40}")
_PROMPT: Final = re.compile(r"\s{0,8}[\w.\- ]{2,64}[:=]\s{0,8}")
_NAME: Final = re.compile(r"[A-Za-z][\w.\-]{1,63}")
_USER_OPTIONS: Final = frozenset({"-u", "--user", "-U", "--proxy-user", "--userpass"})
_PASSWORD_OPTIONS: Final = frozenset({"--pass", "--auth"})
_SHORT_OPTION: Final = 3
_LONGEST_NAME: Final = 128


class Names(Protocol):
    """Whoever judges names: the redactor."""

    def verdict(self, key: str) -> Verdict:
        """Return what a name says about its value."""

    def key_is_secret(self, key: str) -> bool:
        """Tell whether a name promises a secret."""


def names_before(redactor: Names, items: Sequence[Any]) -> list[str | None]:
    """Return for each element of a list the name that the one before it gives it, if any.

    Args:
        redactor: what judges names.
        items: the list.
    """
    if len(items) == 2:
        return [None, _first_of_pair(redactor, items[0])]
    names: list[str | None] = [None] * min(len(items), 1)
    for before, item in itertools.pairwise(items):
        names.append(_given_by(redactor, before, item) if type(before) is str else None)
    return names


def _first_of_pair(redactor: Names, first: object) -> str | None:
    name = first.decode("utf-8", "replace") if isinstance(first, bytes) else first
    if not isinstance(name, str) or len(name) >= _LONGEST_NAME:
        return None
    if name in _USER_OPTIONS:
        return CREDENTIAL_PAIR
    name = name.strip().rstrip(":=").lstrip("-")
    return name if redactor.verdict(name) else None


def _given_by(redactor: Names, before: str, item: object) -> str | None:
    if _OPTION.fullmatch(before):
        name = before.lstrip("-")
        if before in _USER_OPTIONS:
            return CREDENTIAL_PAIR
        if before in _PASSWORD_OPTIONS or (
            redactor.key_is_secret(name) and (before.startswith("--") or len(before) > _SHORT_OPTION)
        ):
            return name
        return None
    if _PROMPT.fullmatch(before):
        name = before.strip().rstrip(":=").strip()
        return name if redactor.key_is_secret(name) else None
    if isinstance(item, str) and _NAME.fullmatch(
        before
    ):  # only a name among other words: not each one after it is meant
        verdict = redactor.verdict(before)
        return before if verdict and fits_text(verdict, item, "comma", quoted=True) else None
    return None
