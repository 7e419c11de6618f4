"""Secrets that only their surroundings give away: a name, something that assigns, a value.

`password=...`, `"apiKey": "..."`, `--token ...`, `Header.Set("X-Api-Key", "...")`, `<secret>...</secret>`, `acme token - '...'`:
the name is found by a word in it, judged by `keys.judge`, and the value must fit the verdict.
"""

from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from narration_core.redaction.checks import noise, placeholder, plain_hex, random_looking, uuid_like
from narration_core.redaction.keys import Verdict
from narration_core.redaction.rule import compiled

RULE_NAME: Final = "secret-by-name"


class Keyword(NamedTuple):
    """A word that occurs in names of secrets, and what must follow it to be worth a look."""

    word: str
    shape: str
    """A simple pattern (no assertions) that matches wherever a name with this word may have a value."""


_NEXT: Final = r"[^a-z]"
_ASSIGNED: Final = r"[\\\"'`\])>]{0,4}\s{0,2}[:=,>]"

KEYWORDS: Final[tuple[Keyword, ...]] = (
    *(
        Keyword(word, word)
        for word in (
            "passw passphrase passcode passwort secret credential apikey api_key api-key accesskey privatekey "
            "pswd kennwort contrase senha пароль 密码 mnemonic authorization connectionstring softlayer"
        ).split()
    ),
    Keyword("token", r"token(?:[^s:]|s[^_\"a-z.,) ]|:[^0-9a-f]|:[0-9a-f]{7})"),
    Keyword("key", r"key[0-9]{0,2}[^a-z0-9]"),
    *(Keyword(word, word + r"[\w\-]{0,24}" + _ASSIGNED) for word in ("auth", "pwd", "cred", "oauth")),
    *(Keyword(word, word + r"[\w\-]{0,8}" + _ASSIGNED) for word in ("pass", "bearer", "jwt", "login", "hmac")),
    *(Keyword(word, word + _ASSIGNED) for word in ("psw", "pass", "otp", "pin", "cvv", "cvc", "ssn", "sig", "salt", "pw", "dsn", "sid", "session", "signature", "license", "serial", "nonce", "hash", "hook")),
)  # fmt: skip

# The start of the name, read backwards from the word; a space joins the words of "client secret".
_HEAD: Final = r"(?r)(?:(?<![\w])[A-Za-z]\w{1,24}[ ])?+[\w.\-]{0,64}+"

# From the end of the word to the start of the value.
_TAIL: Final = r"""(?xsi)
(?P<suffix>[\w\-.]{0,48}+)
(?P<more>(?:[ ](?!(?:is|was|are)[ ])\w[\w.\-]{0,19}+){0,2}+)??
(?P<close>(?:\[\w{0,24}\]|[\]\)\\"'`*}]){0,6}+)
(?:
    (?P<assign>\s{0,6}+(?:::?:?=|=>|->|={1,3}|!={1,2}|\?=|\+=|\.=|:{1,2}(?!//)|\|\|)\s{0,6}+)
  | (?P<comma>\s{0,2},\s{0,4}(?=b?u?\\{0,3}["'`\[]))
  | (?P<call>(?:\.\w{1,16})?\(\s{0,2}(?=@?\\{0,3}["'`]))
  | (?P<xml>(?:\s[^<>]{0,80})?>\s{0,40}(?=[^\s<]))
  | (?P<pair>[\s,]{1,4}["']?(?:secret_)?value["']?\s{0,2}[:=]\s{0,4})
  | (?P<dash>\s-\s(?=\\?["'`]?\S))
  | (?P<space>\s{1,2}(?:is[ ])?)
)
(?P<open>(?:[\[({]\s{0,2})?[@bruf]{0,2}(?=\\{0,3}["'`])|)
(?:
    \\{1,3}"(?P<v1>[^"\\]{1,4096}+)
  | \\{1,3}'(?P<v2>[^'\\]{1,4096}+)
  | "{1,3}(?P<v3>(?:[^"\\\r\n]|\\.){1,4096}+)(?:"|$|(?=[\r\n]))
  | '{1,3}(?P<v4>(?:[^'\\\r\n]|\\.){1,4096}+)(?:'|$|(?=[\r\n]))
  | `(?P<v5>[^`\r\n]{1,4096}+)
  | (?P<v6>(?:[^\s"'`&;,<\\]|,(?!\s|\w{1,30}+["']?[=:])|&(?!\w{1,30}+=)|;(?!\s|\w{1,30}+=)|<(?!/)|\\(?![nrt"'\\]))(?:[^\s"'`&;,<\\]|,(?!\s|$|\w{1,30}+["']?[=:])|&(?!\w{1,30}+=)|;(?!\s|$|\w{1,30}+=|\w{1,30}[ ]\w{1,30}=)|<(?!/)|\\(?![nrt"'\\])|["'`](?=\w)){0,4096}+)
)
"""
_VALUES: Final = ("v1", "v2", "v3", "v4", "v5", "v6")
_SCHEME: Final = r"(?i)(?:bearer|basic|token|apikey|api-key|key|jwt|negotiate|ntlm|x-authorization|digest|ssws|splunk|flyv1|genie-?key|bot|zoho-oauthtoken)[ :]\s{0,2}"
_CLOSING: Final = ",;)}]>.:"
_PAIRS: Final = {")": "(", "]": "[", "}": "{", ">": "<"}

# Words that follow a name in prose: "password: must be", "token is expired".
_PROSE: Final = frozenset(
    "a an and any are as at be because been before but by can cannot changed contains could did do does expired failed for from had has "
    "have if in incorrect into invalid is it its lasts length may mismatch missing must needs never no none not of on only or please "
    "provided refreshed rejected required reset rotated rotation seems should since that the their then this to too until updated used using "
    "validation via was were when which while will with without would you your".split()
)  # fmt: skip


def _unquoted(text: str, start: int, end: int) -> int:
    """Return where a value without quotes ends: closing punctuation belongs to what stands around it."""
    while end > start + 1 and text[end - 1] in _CLOSING:
        opener = _PAIRS.get(text[end - 1])
        if opener is not None and text.count(opener, start, end) >= text.count(text[end - 1], start, end):
            break
        end -= 1
    return end


def _fits(verdict: Verdict, value: str, kind: str, *, quoted: bool, alone: bool) -> bool:  # noqa: C901, PLR0912
    """Tell whether a value is what a name of this verdict promises.

    Args:
        verdict: of the name.
        value: the text that may be the secret.
        kind: how name and value are joined, a group of `_TAIL`.
        quoted: the value stands in quotes.
        alone: the name is a bare word such as `key` or `token`, without anything that says whose.
    """
    if placeholder(value):
        return False
    size = len(value)
    if kind == "space" and not quoted:
        return size >= 16 and random_looking(value, 16, 0.42) and not plain_hex(value) and verdict >= Verdict.WEAK
    if verdict is Verdict.STRONG:
        if kind in {"dash", "call", "comma"} and not quoted:
            return random_looking(value, 8, 0.35)
        if value.isdigit() and size < 4 and not quoted:
            return False
        if kind == "xml" or quoted:
            return True
        return value.lower() not in _PROSE
    if value.startswith(("/", "./", "../", "~/", "http://", "https://", "file:")) and (
        size < 40 or not random_looking(value, 40, 0.4)
    ):
        return False
    if verdict is Verdict.MEDIUM:
        if value.isdigit():
            return size >= 12
        if size < 8 or " " in value:
            return False
        return noise(value) >= (0.3 if size < 12 else 0.16) or (
            size >= 16 and any(char.isdigit() for char in value) and noise(value) >= 0.1
        )
    # A weak name: the value must be random, and nothing that logs are full of.
    if " " in value or uuid_like(value) or size < (12 if alone else 10):
        return False
    if plain_hex(value):
        return size >= 32 and not value.isdigit()
    return random_looking(value, 12, 0.33)


def find(text: str, low: str, wanted: list[str], judge: Callable[[str], Verdict]) -> Iterator[tuple[int, int]]:
    """Yield the spans of values whose names give them away, each word's from left to right.

    Args:
        text: the text.
        low: the same text with ASCII letters in lower case, of the same length.
        wanted: the words of `KEYWORDS` that may occur.
        judge: gives the verdict on a name.
    """
    head, tail, scheme = compiled(_HEAD), compiled(_TAIL), compiled(_SCHEME)
    for word in wanted:
        at = low.find(word)
        done = 0
        while at >= 0:
            after = at + len(word)
            found = tail.match(text, after) if at >= done else None
            if found is not None:
                span = _value(text, at, after, found, head, scheme, judge)
                if span is not None:
                    yield span
                    done = span[1]
            at = low.find(word, after)


def _value(text, at, after, found, head, scheme, judge):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    before = head.match(text, 0, at)
    start = before.start() if before is not None else at
    whole = text[start : after + len(found["suffix"])].lstrip(".- ")
    verdict = judge(whole.rpartition(" ")[2])
    if verdict is Verdict.SAFE:
        return None
    name = whole
    alone = name.lower() in {"key", "token", "auth", "login", "session", "pass"}
    if " " in whole:
        verdict = judge(whole.replace(" ", "_")) if verdict is Verdict.WEAK else verdict
    kind = found.lastgroup
    for group in ("assign", "comma", "call", "xml", "pair", "dash", "space"):
        if found.start(group) >= 0:
            kind = group
            break
    for group in _VALUES:
        begin, end = found.span(group)
        if begin >= 0:
            break
    quoted = group != "v6"
    if not quoted:
        end = _unquoted(text, begin, end)
    lead = scheme.match(text, begin, end)
    if lead is not None and lead.end() < end:
        begin = lead.end()
    value = text[begin:end]
    if kind == "space" and not quoted and text[max(0, start - 2) : start] == "--" and verdict >= Verdict.MEDIUM:
        kind = "assign"
    if (
        kind == "space"
        and "is " in found["space"]
        and verdict is Verdict.STRONG
        and any(c.isdigit() or not c.isalnum() for c in value.rstrip(".,;:!?"))
    ):
        kind = "assign"
    return (begin, end) if _fits(verdict, value, kind, quoted=quoted, alone=alone) else None
