"""Secrets in structured text: lists and objects under a secret name, blocks of YAML and TOML, records that name a secret.

`"password": {"current": "..."}`, `passwords: [a, b]`, a folded block under `password:`, `{"type": "password", "content": "..."}`.
"""

import re
import sys
from bisect import bisect_left
from collections.abc import Callable, Iterator
from typing import Final

from narration_core.redaction._checks import exact_placeholder
from narration_core.redaction._policy import MARKER
from narration_core.redaction._rule import compiled
from narration_core.redaction._secret_names import STRONG, says_nothing
from narration_core.redaction._values import fits_in_crowd, fits_text, sentences

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
_LABELS: Final = ("name", "key", "field", "param", "header", "variable", "attribute", "property", "option", "setting", "column", "type", "path", "prop", "label")  # fmt: skip
_LABEL: Final = re.compile(
    rf"[kpnfhvaosctl](?<![\w.\-].)(?:{'|'.join(f'(?<={label[0]}){label[1:]}' for label in _LABELS)}"
    r"|(?<=p)(?:arameter|roperty_?(?:name|path))|(?<=f)ield_?name|(?<=c)olumn_?name|(?<=k)ey_?name|(?<=k))[\"'`]?\s{0,4}[:=]\s{0,4}[\"'`]?([a-z_][\w.\-]{1,63}+)[\"'`]?(?![\w.\-])",
    re.ASCII,
)
"""A label and the name that it gives, in a text of small letters."""
_SHORT_LABEL: Final = r"k[\"'`]?\s{0,4}[:=]"
_HELD: Final = re.compile(
    r"[vdcnoraipfbts](?<![\w.\-].)(?:(?<=v)al(?:ue)?|(?<=v)|(?<=d)ata|(?<=c)ontents?|(?<=d)efault|(?<=n)ew_?value|(?<=o)ld_?value|(?<=[rai])(?:(?<=r)ejected|(?<=a)ttempted|(?<=i)nvalid)_?value|(?<=c)urrent"
    r"|(?<=p)revious|(?<=c)onstant_?value|(?<=f)rom|(?<=t)o|(?<=b)efore|(?<=a)fter"
    r"|(?<=a)rgument|(?<=i)nput|(?<=s)tring_?value|(?<=f)ield_?value|(?<=p)arameter_?value)"
    r"[\"'`]?\s{0,4}[:=]\s{0,4}(?:\{\s{0,4}[\"'`]?(?:string|int|bytes|double)_?value[\"'`]?\s{0,4}:\s{0,4})?",
    re.ASCII,
)
"""What the value of a record stands under, in a text of small letters."""
_VALUE: Final = (
    r"(?P<quote>[\"'`])(?P<s>(?:[^\"'`\\\r\n]|\\.|(?!(?P=quote))[\"'`]){1,1024}+)|(?P<s>[^\s,;\"'`{}\[\]()]{4,512}+)"
)
_NOTHING: Final = frozenset(["true", "false", "null", "none", "nil", "yes", "no", "~", "undefined"])
_END_OF_RECORD: Final = re.compile(r"[{}\[\]\n;]")
_BESIDE: Final = 240


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
        yield from _containers(text, is_secret, fits_in_crowd if crowded else _fits)
    if crowded:
        if _has_pairs(text):
            yield from _records(text, low, is_secret)
        return
    if '"""' in text or "'''" in text:
        for found in compiled(_TRIPLE).finditer(text):
            if is_secret(found["name"]):
                yield _trimmed(text, *found.span("s"))
    if ":" in text and ("\n" in text or "&" in text or "!" in text):
        yield from _yaml(text, is_secret)
    if _has_pairs(text):
        yield from _records(text, low, is_secret)


def plain(text: str) -> bool:
    """Tell whether a text is one line without any structure: neither this module nor `_tables` finds anything in it."""
    return not (
        "\n" in text
        or "&" in text
        or "!" in text
        or "'''" in text
        or '"""' in text
        or has_brackets(text)
        or _has_pairs(text)
    )


def _has_pairs(text: str) -> bool:
    if "=" in text or '"' in text or "'" in text:
        return text.count("=") + text.count(":") > 1  # a label has one, its value another
    return text.count(": ") > 1


def has_brackets(text: str) -> bool:
    """Tell whether a text has an opening bracket besides those of markers."""
    if "{" in text or "(" in text:
        return True
    last = text.rfind("[")
    # The last marker may be cut: texts are looked at in pieces.
    return last >= 0 and text.count("[") > text.count(MARKER) + (
        text[last:] != MARKER and MARKER.startswith(text[last:])
    )


def _fits(value: str, *, quoted: bool) -> bool:
    return value.lower() not in _NOTHING and fits_text(STRONG, value, "assign", quoted=quoted)


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
                if tagged and _fits(rest, quoted=False):
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
            if end > start and not told and (whole or _fits(text[start:end], quoted=quoted or item)):
                spans.append((start, end))
        at = max(found.end(), at + 1)
    return spans, at


def _labels(text: str, low: str, is_secret: IsSecret) -> list[re.Match[str]]:
    """Return the labels in a text; none when none of them gives a secret's name."""
    if not any(map(low.__contains__, _LABELS)) and ("k" not in low or compiled(_SHORT_LABEL).search(low) is None):
        return []  # told three times as fast as by the pattern of a label
    labels = list(_LABEL.finditer(low))
    return labels if any(is_secret(text[slice(*label.span(1))]) for label in labels) else []


def _still_told(text: str, low: str) -> list[Place]:
    """Return what values of records stand under, but for those that are hidden."""
    held = [found.span() for found in _HELD.finditer(low)]
    if MARKER not in text:
        return held
    return [(at, to) for at, to in held if not (text.startswith(MARKER, to) or text.startswith(MARKER, to + 1))]


def _records(text: str, low: str, is_secret: IsSecret) -> Iterator[Place]:
    labels = _labels(text, low, is_secret)
    held = _still_told(text, low) if labels else []
    if not held:
        return
    match = compiled(_VALUE).match
    starts = [start for start, _ in held]
    ends = [found.start() for found in _END_OF_RECORD.finditer(text)]
    judged: set[int] = set()  # records one after the other: each value is near several labels
    for label in labels:
        start, end = label.span()
        # The record ends where a bracket stands, or its line.
        index = bisect_left(ends, start)
        lowest = max(start - _BESIDE, ends[index - 1] if index else 0)
        first, last = bisect_left(starts, lowest), bisect_left(starts, min(end + _BESIDE, _after(ends, end)))
        if first == last or not is_secret(text[slice(*label.span(1))]):
            continue
        for number in range(first, last):
            if number in judged:
                continue
            value = match(text, held[number][1])
            if value is None:
                judged.add(number)
            elif value.end() <= start or starts[number] >= end:
                judged.add(number)
                if value["s"] != MARKER and _fits(value["s"], quoted=value["quote"] is not None):
                    yield value.span("s")


def _after(places: list[int], at: int) -> int:
    """Return the first of some places, in order, that is not before a place; that of no text where there is none."""
    index = bisect_left(places, at)
    return places[index] if index < len(places) else sys.maxsize
