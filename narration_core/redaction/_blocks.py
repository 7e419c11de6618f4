"""Secrets in structured text: lists and objects under a secret name, blocks of YAML and TOML.

`"password": {"current": "..."}`, `passwords: [a, b]`, a folded block under `password:`.
"""

import re
from collections.abc import Callable, Iterator
from typing import Final

from narration_core.redaction import _labelled_values as labelled_values
from narration_core.redaction._checks import exact_placeholder
from narration_core.redaction._policy import MARKER
from narration_core.redaction._rule import compiled
from narration_core.redaction._secret_names import says_nothing
from narration_core.redaction._values import fits_held, fits_in_crowd, sentences

IsSecret = Callable[[str], bool]
Fits = Callable[..., bool]
Place = tuple[int, int]

_REACH: Final = 4096
_KEY: Final = r"[\"'`]{0,3}(?P<name>(?<![\w.\-])[A-Za-z_][\w.\-]{1,63}+)[\"'`\]]{0,3}"
_BRACKET: Final = re.compile(r"[:=>]\s{0,8}+([\[{(])(?!REDACTED\]|(?<=\{)\{)")
"""What opens a container behind a name; the names are read backwards from it, because a text has more words than brackets."""
_ALL_HIDDEN: Final = re.compile(
    rf"""[\[{{(](?:\s{{0,24}}(?:["'`]?[\w.\-$]{{1,64}}["'`]?\s{{0,4}}(?:=>|[:=])\s{{0,4}})?["'`]?{re.escape(MARKER)}["'`]?,?)++\s{{0,24}}[\]}})]""",
    re.ASCII,
)
"""A container of which nothing is left: its name needs no judgement."""
_NAMED: Final = r"(?r)(?P<name>(?<![\w.\-])[A-Za-z_][\w.\-]{1,63})[\"'`\]]{0,3}\s{0,8}(?:=>|:=|[:=])"
_PIECE: Final = re.compile(
    r"""(?xs)
    ([\[{(]) | ([\]})])
  | (?P<quote>["'`])((?:[^"'`\\\r\n]{1,64}+|\\.|(?!(?P=quote))["'`]){0,256}+)(?P=quote)(\s{0,8}(?:=>|[:=]))?
  | ([A-Za-z_$][\w.\-$]{0,63}+)\s{0,8}(?:=>|[:=](?!//))
  | ([^\s,;:=\[\]{}()"'`]{1,512}+)
  | [\s,;:=>]{1,64}+ | ["'`]
    """,
    re.ASCII,
)
_OPEN, _CLOSE, _, _TEXT, _TEXT_NAME, _NAME, _WORD = range(1, 8)
"""The groups of `_PIECE`."""
_BRACKETS: Final = frozenset([_OPEN, _CLOSE])
_NAMES: Final = frozenset([_TEXT_NAME, _NAME])
_TRIPLE: Final = (
    rf"{_KEY}\s{{0,8}}+[:=]\s{{0,8}}+(?P<quote>\"{{3}}|'{{3}})\s{{0,8}}(?P<s>(?:(?!(?P=quote))[\s\S]){{1,4096}}+)"
)
_BLOCK: Final = (
    r"(?m)^(?P<indent>[ \t]{0,64}+)(?P<item>(?:-[ ]{1,4}+)?)[\"']?(?P<name>[A-Za-z_][\w.\-]{1,63}+)[\"']?[ \t]{0,4}:"
    # What stands in the same line is only of use here behind a tag: the rest is a name and a value like any other.
    r"[ \t]{0,8}+(?:(?P<tag>(?:[&!]!?[\w:/.\-]{1,64}+[ \t]{0,8}+){1,2}+)(?P<style>(?:[|>][+\-]?\d?[+\-]?)?)[ \t]{0,8}+(?:\#[^\n]{0,200}+)?(?P<rest>[^\r\n]{0,1024}+)"
    r"|(?P<tag>)(?P<style>(?:[|>][+\-]?\d?[+\-]?)?)[ \t]{0,8}+(?:\#[^\n]{0,200}+)?(?P<rest>[ \t]{0,64}+)(?=\r?\n))\r?\n?"
)
_INDENT, _ITEM, _NAME_OF_BLOCK, _TAG, _STYLE, _REST = range(1, 7)
"""The groups of `_BLOCK`: by number they are read ten times faster than by name."""
_LATE: Final = re.compile(r""":[ \t]{0,4}\r?\n(?=[ \t]{0,64}-[ ])""")
"""What joins a name that other words stand before to the list below it."""
_BEFORE_LIST: Final = r"(?r)[^\w.\-](?P<name>[A-Za-z_][\w.\-]{1,63})[\"']?"
_STARTS_A_LINE: Final = re.compile(r"[ \t]*(?:-[ \t]+)?[\"']?[\w.\-]*[\"']?\Z")
_LONGEST_PREFIX: Final = 256
_LINE: Final = (
    r"(?P<indent>[ \t]{0,80}+)(?P<item>(?:-[ ]{1,4}+|-(?=\r?\n)){0,3}+)"
    r"(?:[\"']?(?P<key>[A-Za-z_][\w.\-]{0,63}+)[\"']?[ \t]{0,4}:(?=\s|$)[ \t]{0,8}+)?(?P<s>[^\r\n]{0,4096}+)(?:\r?\n|$)"
)


def find(text: str, low: str, is_secret: IsSecret, *, crowded: bool = False) -> Iterator[Place]:
    """Yield the spans of secrets that structured text has under a secret name.

    Args:
        text: the text.
        low: the same text with ASCII letters in lower case.
        is_secret: whether a name promises a secret.
        crowded: what stands directly behind names is hidden already, but for what follows in a list.
    """
    # Most lines with a secret are one line with one pair: what they cannot hold is not looked for.
    if has_brackets(text):
        yield from _containers(text, is_secret, fits_in_crowd if crowded else fits_held)
    if crowded:
        if labelled_values.may_have(text):
            yield from labelled_values.find(text, low, is_secret)
        return
    if '"""' in text or "'''" in text:
        for found in compiled(_TRIPLE).finditer(text):
            if is_secret(found["name"]):
                yield _trimmed(text, *found.span("s"))
    if ":" in text and ("\n" in text or "&" in text or "!" in text):
        yield from _yaml(text, is_secret)
    if labelled_values.may_have(text):
        yield from labelled_values.find(text, low, is_secret)


def plain(text: str) -> bool:
    """Tell whether a text is one line without any structure: neither this module nor `_tables` finds anything in it."""
    return not (
        "\n" in text
        or "&" in text
        or "!" in text
        or "'''" in text
        or '"""' in text
        or has_brackets(text)
        or labelled_values.may_have(text)
    )


def has_brackets(text: str) -> bool:
    """Tell whether a text has an opening bracket besides those of markers."""
    if "{" in text or "(" in text:
        return True
    last = text.rfind("[")
    # The last marker may be cut: texts are looked at in pieces.
    return last >= 0 and text.count("[") > text.count(MARKER) + (
        text[last:] != MARKER and MARKER.startswith(text[last:])
    )


def _trimmed(text: str, start: int, end: int) -> Place:
    piece = text[start:end]
    return start + len(piece) - len(piece.lstrip()), start + len(piece.rstrip())


def _containers(text: str, is_secret: IsSecret, fits: Fits) -> Iterator[Place]:
    named = compiled(_NAMED)
    marked = MARKER in text
    done = 0
    for found in _BRACKET.finditer(text):
        at = found.start(1)
        if at < done:
            continue
        if marked and (hidden := _ALL_HIDDEN.match(text, at)) is not None:
            done = hidden.end()
            continue
        before = named.match(text, done, found.start() + 1)
        if before is not None and is_secret(before[1]):
            pieces = list(_pieces(text, at))
            done = pieces[-1].end()
            yield from _held(pieces, fits)


def _pieces(text: str, at: int) -> Iterator[re.Match[str]]:
    """Yield what a container is made of, from its opening bracket to its closing one, as far as anybody reads."""
    depth = 0
    limit = at + _REACH
    for found in _PIECE.finditer(text, at):
        if found.start() != at or at >= limit:
            return
        yield found
        kind = found.lastindex
        if kind in _BRACKETS:
            depth += 1 if kind == _OPEN else -1
            if depth <= 0:
                return
        at = found.end()


def _held(pieces: list[re.Match[str]], fits: Fits) -> Iterator[Place]:
    """Yield the values in a container under a secret name, but for those whose own name says what they are."""
    code = pieces[0][_OPEN] == "("
    # A template's place: KEY={AccessKey}.
    code = code or (len(pieces) == 3 and pieces[0][_OPEN] == "{" and (pieces[1][_WORD] or "1").isalpha())
    listed = pieces[0][_OPEN] == "["  # a list of what is wrong with it
    safe = False
    for found in pieces:
        kind = found.lastindex
        if kind in _NAMES:
            safe = says_nothing(found[_NAME] or found[_TEXT])
        elif kind == _TEXT or (kind == _WORD and not code):
            if (
                not safe
                and found[kind] != MARKER
                and not (listed and sentences(found[kind]))
                and fits(found[kind], quoted=kind == _TEXT)
            ):
                yield found.span(kind)
            safe = False
        elif kind == _WORD:
            safe = False


def _yaml(text: str, is_secret: IsSecret) -> Iterator[Place]:
    search = compiled(_BLOCK).search
    found = search(text)
    while found is not None:
        after = found.end()
        if is_secret(found[_NAME_OF_BLOCK]):
            styled = found.start(_STYLE) < found.end(_STYLE)
            start, end = found.span(_REST)
            rest = text[start:end].strip()
            if rest:
                tagged = found[_TAG] and not styled and not exact_placeholder(f"{found[_TAG]}{rest}")
                if tagged and fits_held(rest, quoted=False):
                    yield _trimmed(text, start, end)
            elif text[after - 1 : after] == "\n":
                indent = found.end(_ITEM) - found.start(_INDENT)
                spans, after = _indented(text, after, indent, whole=styled)
                yield from spans
        found = search(text, max(after, found.start() + 1))
    done = 0
    for below in _LATE.finditer(text) if "\n" in text else ():  # `app: passwords:`, and the list below it
        line = text[text.rfind("\n", 0, below.start()) + 1 : below.start()][-_LONGEST_PREFIX:]
        late = below.start() >= done and _STARTS_A_LINE.match(line) is None
        before = compiled(_BEFORE_LIST).match(line) if late else None
        if before is not None and is_secret(before["name"]):
            spans, done = _indented(text, below.end(), 0, whole=False)
            yield from spans


def _indented(text: str, at: int, indent: int, *, whole: bool) -> tuple[list[Place], int]:
    """Return the values of the lines that belong to a name, and where they end.

    Args:
        text: the text.
        at: where the first of the lines starts.
        indent: how far the name is indented.
        whole: the lines are one text, not a structure.
    """
    match = compiled(_LINE).match
    spans: list[Place] = []
    limit = min(len(text), at + _REACH)
    while at < limit:
        found = match(text, at)
        begin = found.end(1)
        item, named = found.end(2) > begin, found.start(3) >= 0
        start, end = found.span(4)
        if end > start or named or item:
            if begin - at <= indent and not (item and begin - at == indent):
                break
            start, end = _trimmed(text, begin if whole else start, end)
            quoted = end - start > 1 and text[start] == text[end - 1] and text[start] in "\"'"
            start, end = (start + 1, end - 1) if quoted else (start, end)
            told = named and not whole and says_nothing(found[3])
            if end > start and not told and (whole or fits_held(text[start:end], quoted=quoted or item)):
                spans.append((start, end))
        at = max(found.end(), at + 1)
    return spans, at
