# ruff: noqa: E501 - forms of text; names and values that are made up
"""Long texts full of secrets: what a dump of settings, requests, rows or objects is at its worst; all made here.

No two names and no two values are alike, so that nothing can be answered from memory. Needs nothing but the standard library.
"""

import json
import random
import string
from collections.abc import Callable
from typing import Final

_KINDS: Final = ("password", "secret", "api_key", "token", "db_pwd", "credential", "auth_token")


class _Maker:
    """Makes names and values, the same ones for the same seed."""

    def __init__(self, seed: int) -> None:
        self.pick = random.Random(seed)

    def word(self, size: int = 7) -> str:
        """Return letters that are no word of a name."""
        return "".join(self.pick.choices("bdfghjlmnr", k=size))

    def name(self) -> str:
        """Return a name that promises a secret."""
        return f"{self.word()}_{self.pick.choice(_KINDS)}"

    def value(self) -> str:
        """Return a secret."""
        return "".join(self.pick.choices(string.ascii_letters, k=9)) + f"{self.pick.randrange(10**5):05}"


def _json(make: _Maker) -> str:
    return json.dumps({make.name(): make.value() for _ in range(8)})


def _twice(text: str) -> str:
    return json.dumps(json.dumps(text))


CROWDS: Final[dict[str, tuple[Callable[[_Maker], str], str]]] = {
    "assignments": (lambda make: f"{make.name()}={make.value()}", " "),
    "JSON": (_json, "\n"),
    "JSON escaped once": (lambda make: json.dumps(_json(make)), "\n"),
    "JSON escaped twice": (lambda make: _twice(_json(make)), "\n"),
    "lists": (lambda make: f'"{make.name()}": ["{make.value()}", "{make.value()}"]', ", "),
    "objects": (lambda make: f'"{make.name()}": {{"current": "{make.value()}", "previous": "{make.value()}"}}', ", "),
    "YAML": (lambda make: f"{make.name()}: {make.value()}", "\n"),
    "YAML lists": (lambda make: f"{make.name()}:\n  - {make.value()}\n  - {make.value()}", "\n"),
    "YAML short names": (
        lambda make: f"- e: {make.value()}\n  n: {make.pick.choice(_KINDS)}\n  k: {make.pick.randrange(99)}",
        "\n",
    ),
    "plist": (lambda make: f"<key>{make.name()}</key>\n<string>{make.value()}</string>", "\n"),
    "elements": (lambda make: f"<{make.name()}>{make.value()}</x>", "\n"),
    "query strings": (
        lambda make: (
            f"GET /{make.word()}?id={make.pick.randrange(99)}&{make.name()}={make.value()}&{make.name()}={make.value()} HTTP/1.1"
        ),
        "\n",
    ),
    "percent-encoded queries": (
        lambda make: (
            f"GET /{make.word()}?next=%2F{make.word()}%3F{make.name()}%3D{make.value()}%26{make.name()}%3D{make.value()} HTTP/1.1"
        ),
        "\n",
    ),
    "SQL inserts": (
        lambda make: (
            f"INSERT INTO {make.word()} (id, name, password, api_key) VALUES ({make.pick.randrange(999)}, '{make.word()}', '{make.value()}', '{make.value()}');"
        ),
        "\n",
    ),
    "SQL parameters": (
        lambda make: (
            f"UPDATE {make.word()} SET name = %s, password = %s, token = %s WHERE id = %s; parameters: ('{make.word()}', '{make.value()}', '{make.value()}', {make.pick.randrange(999)})"
        ),
        "\n",
    ),
    "tables": (lambda make: f"{make.word()}|{make.value()}|{make.value()}", "\n"),
    "records of Go": (
        lambda make: (
            f"{{Name:{make.word()} Password:{make.value()} Token:{make.value()} Port:{make.pick.randrange(9999)}}}"
        ),
        " ",
    ),
    "records of Java": (
        lambda make: (
            f"Login{{name='{make.word()}', password='{make.value()}', apiKey={make.value()}, port={make.pick.randrange(9999)}}}"
        ),
        ", ",
    ),
    "labelled records": (lambda make: f'{{"name": "{make.name()}", "value": "{make.value()}"}}', ", "),
    "names only": (lambda make: make.name(), " "),
    "sentences": (lambda make: f"the {make.pick.choice(_KINDS)} for {make.word()} is {make.value()}.", " "),
    "headers": (lambda make: f"X-{make.word()}-Token: {make.value()}\r\nAuthorization: Bearer {make.value()}", "\r\n"),
    "options": (lambda make: f"--{make.word()}-password {make.value()} --token={make.value()}", " "),
    "URLs": (lambda make: f"postgres://{make.word()}:{make.value()}@{make.word()}.example/{make.word()}", " "),
    "mail addresses": (lambda make: f"{make.word()}@{make.word()}.example.org", ", "),
    "provider tokens": (lambda make: f"ghp_{make.value()}{make.value()}{make.value()[:8]}", " "),
    "foreign names": (lambda make: f"пароль_{make.word()}={make.value()} 密码: {make.value()}", "\n"),
}
"""For each shape: what makes one piece of it, and what stands between two pieces."""

_HEADS: Final = {"tables": "user|password|token"}


def crowd(shape: str, size: int, seed: int = 7) -> str:
    """Return a text of one shape, the same one for the same seed.

    Args:
        shape: one of `CROWDS`.
        size: how many characters it has.
        seed: another number, another text.
    """
    make = _Maker(seed)
    form, joint = CROWDS[shape]
    pieces = [_HEADS[shape]] if shape in _HEADS else []
    length = sum(map(len, pieces))
    while length < size:
        pieces.append(form(make))
        length += len(pieces[-1]) + len(joint)
    return joint.join(pieces)[:size]
