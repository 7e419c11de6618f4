"""Values in a long text that is full of names: one look at each name, and what follows it is hidden without a judgement."""

import re
from collections.abc import Iterator
from functools import cache
from typing import Final

from narration_core.redaction._assigned_values import unquoted
from narration_core.redaction._assignment_pattern import SCHEMES
from narration_core.redaction._policy import MARKER

# From the end of the word to the end of the value; for `re`, which is fast where nothing is tried twice.
_BARE: Final = r"[^\s\"'`&;,<\\]"
_VALUE: Final = rf"""(?xsi)
[\w\-.\u00c0-\u1fff\u3041-\ud7ff]{{0,48}}+ [\]\)"'`*}}»”“\u2019」』]{{0,6}}+
(?:
    :[ ]?(?:[|>][+\-]?\d?)?[ \t]{{0,8}}+\r?\n (?P<indent>[ \t]{{0,64}}+(?:-[ ]|(?<=[ \t])))
    ([^\r\n]{{1,1024}}+ (?:\r?\n(?P=indent)[^\r\n]{{1,1024}}+){{0,4096}}+)
  | (?:
        \s{{0,24}}+(?:=>|->|:=|={{1,3}}|!={{1,2}}|:(?!//):?|,(?=\s{{0,24}}+b?["'`]))\s{{0,24}}+
      | [ ]{{0,24}}+(?:\t[ \t]{{0,24}}+|[|│┃][ ]{{1,24}}+)
      | (?:\.\w{{1,16}}+)?\(\s{{0,2}}+(?=@?["'`])
      | (?:</\w{{1,12}}+|\s[^<>]{{0,80}}+)?>\s{{0,24}}+(?:<(?:string|value|data)>\s{{0,24}}+)?(?!<)
      | [\s,]{{1,24}}+["']?(?:secret_|parameter|output)?value["']?\s{{0,2}}+[:=]\s{{0,4}}+
      | \s{{1,2}}+(?:for[ ][\w.@\-]{{1,40}}+:?[ ])?(?:(?:is|was|with|to|as|(?:now[ ])?set[ ]to)[ ])?(?=["'`]?(?=[^\s\d]{{0,64}}\d)(?=\d{{0,64}}[a-z])[^\s:=]{{6}}[^\s:=]{{0,512}}(?![:=]))
    )
    (?:[\[({{]\s{{0,24}}+(?:["'][\w.\-$]{{1,64}}+["']\s{{0,4}}+(?::|=>)\s{{0,4}}+)?){{0,4}}+
    (?:(?:{SCHEMES})[ ]{{1,3}}+)? [@bruf]{{0,2}}
    (?: (?:\"{{3}}\s{{0,8}}+|")((?:[^"\\\r\n]|\\.){{1,4096}}+)(?!"\s{{0,8}}[:=])
      | (?:'{{3}}\s{{0,8}}+|')((?:[^'\\\r\n]|\\.){{1,4096}}+)(?!'\s{{0,8}}[:=])
      | `([^`\r\n]{{1,4096}}+)
      | (?!(?:\d{{1,3}}|true|false|null|none|[|>][+\-]?\d?)(?![^\s,;&\]}})]))
        (?P<bare> {_BARE}{{2,512}}+ (?:(?: ,(?!\s|\w{{1,30}}+["']?[=:]) | &(?!\w{{1,30}}+=|\#?\w{{2,8}};) | ;(?!\s|\w{{1,30}}+=) | \\(?![nrt"'\\]) ) {_BARE}{{0,512}}+ ){{0,16}}+ )
    )
)
"""
_CLOSING: Final = frozenset(",;)}]>.:")


@cache
def _value() -> re.Pattern[str]:
    return re.compile(_VALUE, re.ASCII)


def values(text: str, names: list[tuple[int, int, int, int]]) -> Iterator[tuple[int, int]]:
    """Yield, from left to right, what follows names and may be a value of theirs, whatever the names say.

    Args:
        text: the text.
        names: for each word of a name where it starts and ends, and a span further on that is a secret already.
    """
    match, bare = _value().match, _value().groupindex["bare"]
    done = 0
    for at, after, first, last in names:
        if at < done:
            continue
        found = match(text, after)
        if found is None:
            continue
        group = found.lastindex or 0
        begin, end = found.span(group)
        if group == bare and text[end - 1] in _CLOSING:
            end = unquoted(text, begin, end)
        done = end
        if not (first <= begin and end <= last) and text[begin:end].replace(MARKER, "").strip():
            yield begin, end
