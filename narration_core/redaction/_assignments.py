"""Secrets that only their surroundings give away: a name, something that assigns, a value.

`password=...`, `"apiKey": "..."`, `--token ...`, `Header.Set("X-Api-Key", "...")`, `acme token - '...'`: the name is found by a
word in it, judged by `keys.judge`, and the value must fit the verdict.
"""

import re
import sys
from bisect import bisect_left
from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

from narration_core.redaction._checks import noise, plain_hex, random_looking, uuid_like
from narration_core.redaction._engines import lower_ascii
from narration_core.redaction._policy import MARKER
from narration_core.redaction._provider_names import PROVIDERS
from narration_core.redaction._rule import compiled
from narration_core.redaction._secret_names import Verdict
from narration_core.redaction._secret_words import foreign_spellings
from narration_core.redaction._values import fits_text, is_folder, plain_word


class Keyword(NamedTuple):
    """A word that occurs in names of secrets, and what must follow it to be worth a look."""

    word: str
    shape: str
    """A simple pattern (no assertions) that matches wherever a name with this word may have a value."""


# What may stand between a word and its value, at least the start of it.
_ASSIGNED: Final = r"[\\\"'`\])>]{0,4}(?:\s{0,2}[:=,>!?(]|[ ]?[\t|]|\s+[\"']?value|[ ]\{)"

_ANYWHERE: Final = (
    "passw passphrase passcode secret credential pword pswd psswd pasword seed_phrase seedphrase apikey api_key api-key accesskey access_id accessid access-id "
    "privatekey mnemonic authorization connectionstring softlayer requirepass masterauth sshpass "
    "code_verifier samlresponse samlrequest connect.sid sessionid_ phpsessid jsessionid asp.net_sessionid"
)
_WITH_TAIL: Final = "auth pwd cred"
_SHORT_TAIL: Final = "bearer jwt login hmac"
_DIRECTLY: Final = "psw psk passe otp pin cvv cvc ssn sig salt pw dsn session signature license serial nonce hook pat crumb csrf xsrf passfile"

# A code, an answer, a phrase, an address is a secret by what stands before it.
_OPENERS: Final = "pin|otp|totp|mfa|2fa|sms|security|verification|verify|recovery|backup|activation|unlock|door|access|reset|login|confirm|confirmation|auth|one.?time|device|invite"
_QUALIFIED: Final = (
    ("code", r"code[\"']?\s?[=:]\s?[\"']?[\w\-./%+]{20}"),
    ("assertion", r"assertion[\"']?\s?[=:]\s?[\"']?[\w\-./%+=]{20}"),
    ("code", rf"(?:{_OPENERS})[_\-. ]?codes?" + _ASSIGNED),
    ("answer", r"(?:security|secret)[_\-. ]?answers?" + _ASSIGNED),
    ("phrase", r"(?:seed|recovery|secret|backup|wallet|mnemonic)[_\-. ]?phrase" + _ASSIGNED),
    ("cookie", r"(?:session|auth|login|secret|remember)[_\-. ]?cookie" + _ASSIGNED),
    ("link", r"(?:reset|magic|activation|verification|login|sign_?in|confirmation|invite)[_\-]?link" + _ASSIGNED),
    ("seed", r"(?:totp|otp|wallet|mnemonic)[_\-. ]?seed" + _ASSIGNED),
)

KEYWORDS: Final[tuple[Keyword, ...]] = (
    *(Keyword(word, word) for word in _ANYWHERE.split()),
    *(Keyword(word, shape) for word, shape in _QUALIFIED),
    *(
        Keyword(word, word if len(word.encode()) > 6 else re.escape(word) + r"[\w]{0,4}" + _ASSIGNED)
        for word in sorted({lower_ascii(spelling) for spelling in foreign_spellings()})
    ),
    # `tokens_in` and `identity: token:1a2b3c` stand in every event of a model server.
    Keyword("token", r"token(?:[^s:]|s[^_\"a-z.,) ]|:[^0-9a-f]|:[0-9a-f]{7})"),
    Keyword("key", r"key[0-9]{0,2}[^a-z0-9]"),
    *(Keyword(word, word + r"[\w\-]{0,24}" + _ASSIGNED) for word in _WITH_TAIL.split()),
    *(Keyword(word, word + r"[\w\-]{0,8}" + _ASSIGNED) for word in _SHORT_TAIL.split()),
    *(Keyword(word, word + r"(?:_secure|_plain)?" + _ASSIGNED) for word in _DIRECTLY.split()),
    # `(sid:2 cport:-1)` stands in every line of a coordination service.
    Keyword("sid", r"sid[\\\"'`\])>]{0,4}\s{0,2}[=:,]\s{0,2}[\\\"'`]{0,3}[\w\-.%+/]{8}"),
    *(Keyword(word, word + " (?:is|was|set|for) ") for word in ("pwd", "pass", "pw")),
    Keyword("pwd", r"pwd [\w!@#$%^&*\-]{8}"),
    Keyword("pass", r"pass(?:[_\-][\w\-]{0,16}|[0-9]{1,2})?" + _ASSIGNED),
    *(Keyword(word, word) for word in sorted(PROVIDERS)),
)

# The start of the name, read backwards from the word; a space joins the words of "client secret".
_HEAD: Final = r"(?r)(?:(?<![\w])[A-Za-z]\w{1,24}[ ])?+[\w.\-]{0,64}+"

_SCHEMES: Final = "bearer|basic|token|apikey|api-key|key|jwt|negotiate|ntlm|x-authorization|ssws|splunk|flyv1|genie-?key|bot|zoho-oauthtoken"
# Words that do not belong to a name: "key for user=ann" says nothing about ann.
_JOINING: Final = "is|was|are|for|in|of|to|and|or|not|must|has|had|with|from|on|at|by|as|if|than|then|but|the|this|that"

# What a value is wrapped in: `Some("...")`, `SecretStr('...')`, `string(12) "..."`.
_WRAPPERS: Final = (
    r"(?:Some|Just|Ok|String|str|bytes|Secret(?:Str(?:ing)?|Bytes|Value)?|Password|PASSWORD|Optional\.of|Buffer\.from|(?:aws|pulumi)\.[Ss]\w{4,8})\s?\(\s{0,2}"
    r"|string\(\d{1,5}\)[ ]"
)

# A quotation mark as HTML, JSON in JSON or an address writes it.
_ENTITY: Final = r"&(?:quot|\#3[49]|apos);|\\{1,2}u00(?:22|27)|%2[27]"

# From the end of the word to the end of the value.
_TAIL: Final = rf"""(?xsi)
(?P<suffix>[\w\-.\u00c0-\u1fff\u2c00-\u2fff\u3041-\ud7ff\uf900-\ufdff]{{0,48}}+)
(?P<close>(?:{_ENTITY}|\[\w{{0,24}}\]|[\]\)\\"'`*}}]){{0,6}}+)
(?:
    (?P<inside>[ ]?:[ ]?\{{\s{{0,24}}\\{{0,3}}["']value\\{{0,3}}["'][ ]?:[ ]?)
  | (?:[ ]\(\w{{1,12}}\)(?=[ ]?[:=]))?
    (?P<more>(?:[ ](?!(?:{_JOINING})[ ])\w[\w.\-]{{0,19}}+(?<!\.)){{0,2}}?)
    (?P<assign>(?::[*_]{{1,2}}[ ]|:</\w{{1,8}}>[ ]{{0,2}}|:[ ]?[&\w][\w<>\[\]:.|?]{{1,30}}[ ]?=[ ]?(?=["'])|[ ]?<-[ ])|\s{{0,24}}+(?>:{{1,3}}=|=>|->|={{1,3}}|!={{1,2}}|\?=|\+=|\.=|:{{1,2}}(?!//)|\|\||[→⇒➜]|%3[ad])\s{{0,24}}+
        (?:[>|][+\-]?[ ]{{0,2}}\r?\n[ ]{{1,24}}+)?)                                                            # a folded block of YAML
  | (?P<pair>(?:</\w{{1,12}})?>\s{{0,24}}<(?:string|value|data)>\s{{0,24}}|[\s,]{{1,24}}["']?(?:secret_|parameter|output)?value["']?\s{{0,2}}[:=]\s{{0,4}}|[ ]\{{[^{{}}]{{0,160}}?\bdefault\s{{0,12}}=\s{{0,4}})
  | (?P<comma>\s{{0,2}},\s{{0,24}}(?=b?u?\\{{0,3}}["'`\[]|<<"))
  | (?P<tag>(?:\s[^<>]{{0,80}}+)?>\s{{0,24}}+(?=[^<>]{{1,4096}}+</))
  | (?P<cell>[ ]{{0,24}}(?:\t[ \t]{{0,24}}+|[|│┃][ ]{{1,24}}+))
  | (?P<call>(?:\.\w{{1,16}})?\(\s{{0,2}}(?=@?\\{{0,3}}["'`]))
  | (?P<dash>\s-\s(?=\\?["'`]?\S)|\s[.]\s(?=["']))
  | (?P<space>\s{{1,2}}(?:(?:for[ ](?:the[ ])?(?:user[ ])?[\w.@\-]{{1,40}}(?::[ ]|[ ](?=is|was|now|set|changed|reset)))?(?:(?:is|was|ist|lautet|est|es|jest|är|(?:with|to|as)(?=[ ]\w{{8}})|(?:now[ ])?set[ ]to|changed[ ](?:to|from)|reset[ ]to)[ ](?:now[ ])?)?)?)
)
(?P<open>(?:[\[({{]\s{{0,2}}|<<|{_WRAPPERS})?[@bruf]{{0,2}}(?=\\{{0,3}}["'`])|)
(?:(?:{_SCHEMES})[ ]{{1,3}}(?=[^\s"'`=:,]))?+
(?:
    \\{{1,3}}"(?P<v1>[^"\\]{{0,4096}}+)
  | \\{{1,3}}'(?P<v2>[^'\\]{{0,4096}}+)
  | (?:\"{{3}}|")(?P<v3>(?:[^"\\\r\n]|\\.){{0,4096}}+)
  | (?:'{{3}}|')(?P<v4>(?:[^'\\\r\n]|\\.){{0,4096}}+)
  | `(?P<v5>[^`\r\n]{{0,4096}}+)
  | (?:{_ENTITY})(?P<v7>(?:[^\s&%\\"'<>]|&(?!quot|\#3[49]|apos)|%(?!2[27])){{1,1024}}+)
  | [“„«](?P<v8>[^”“»\r\n]{{1,512}}+)
  | (?P<v6>
      (?: [^\s"'`&;,<\\=] | ,(?!\s|\w{{1,30}}+["']?[=:]) | &(?!\w{{1,30}}+=) | ;(?!\s|\w{{1,30}}+=) | <(?!/) | \\(?![nrt"'\\]))
      (?: [^\s"'`&;,<\\]{{1,64}}+ | ,(?!\s|$|\w{{1,30}}+["']?[=:]) | &(?!\w{{1,30}}+=) | <(?!/) | \\(?![nrt"'\\]) | ["'`](?=\w)
        | ;(?!\s|$|\w{{1,30}}+=|\w{{1,30}}[ ]\w{{1,30}}=)){{0,48}}+)
)
"""
# What `_TAIL` finds where a value was hidden before, found faster.
_HIDDEN: Final = rf"(?P<suffix>[\w\-.]{{0,48}}+)(?P<assign>=){re.escape(MARKER)}(?!\S)"
_NEAR: Final = 64
# Words up to the next name: `password=correct horse battery port=1`.
# What a program says of itself: `passwd: Permission denied`, `secrets.go:17: ...`.
_COMMANDS: Final = frozenset(["passwd", "chpasswd", "gpasswd", "mkpasswd", "htpasswd", "sshpass", "getpass", "askpass"])
# A package and its version: `secretstorage-3.3.3`.
_PACKAGE: Final = r"[a-z]-\d{1,4}(?:\.\d{1,4}){1,3}$"
_FILE: Final = (
    r"\.(?:[1-8c-h]|cc|cpp|py|go|rs|js|ts|java|rb|sh|pl|php|xml|ya?ml|json|conf|txt|md|html|css|kt|cs|swift|scala)$"
)
# The words before that of a name: "acme api", "acme_app_".
_PROVIDER_BEFORE: Final = r"(?r)\b[A-Za-z][A-Za-z0-9]{1,24}(?:[ _\-][A-Za-z]{2,12}){0,2}[ _\-]{0,2}+"
_WALLET_WORDS: Final = r"[a-z]{3,8}(?:[ ,]{1,2}[a-z]{3,8}){2,23}+"
_ONWARD: Final = r"[ ](?:[a-z]{1,24}+(?![=:])|\[REDACTED)"
_PHRASE: Final = r"[A-Za-z]{1,24}+(?:[ ][\w'!?.,\-]{1,24}+(?!=)){1,8}+(?=[ ]\w{1,30}+=)"
_SENTENCE: Final = r"[A-Z][a-z]{1,20}(?:[ ][A-Za-z0-9',\-]{1,20}){2,20}\."
_KINDS: Final = ("assign", "inside", "comma", "call", "pair", "tag", "cell", "dash", "space")
_LONG: Final = 250
_LONGEST_QUOTED: Final = 4096
_PATIENCE: Final = 16
_REST: Final = r"""[^\s"'`;,<>\\]{0,65536}+"""
_SCHEME: Final = rf"(?i)(?:{_SCHEMES})[ :]\s{{0,2}}"
_CLOSING: Final = ",;)}]>.:"
_PAIRS: Final = {")": "(", "]": "[", "}": "{", ">": "<"}
_STRUCTURE: Final = r"""[\[{(]{1,4}\s{0,8}\\{0,8}["']|\\{0,8}["']\s{0,8}(?::|=>)"""
_STRUCTURE_STARTS: Final = frozenset("[{(\\\"'")
_MANY: Final = 64
_BEFORE: Final = 160
_AFTER: Final = 480
_FURTHEST: Final = 4300
_MARKED: Final = r"\[REDACTED:[\w:.\-]{1,80}\]"
_NOWHERE: Final = (sys.maxsize, sys.maxsize)
_ALONE: Final = frozenset({"key", "token", "auth", "login", "session", "pass"})


def find(
    text: str, low: str, wanted: list[str], judge: Callable[[str], Verdict], claimed: list[tuple[int, int]]
) -> Iterator[tuple[int, int]]:
    """Yield, from left to right, the spans of values whose names give them away.

    Args:
        text: the text.
        low: the same text with ASCII letters in lower case, of the same length.
        wanted: the words of `KEYWORDS` that may occur.
        judge: gives the verdict on a name.
        claimed: spans that are secrets already, in order; a name inside one, or its value, needs no look.
    """
    places = _places(low, wanted)
    if "[REDACTED:" in text:  # the name of a rule is no name of a value
        claimed = sorted([*claimed, *(found.span() for found in compiled(_MARKED).finditer(text))])
    done = run_end = refused = 0
    claims = iter(claimed)
    first, last = next(claims, _NOWHERE)
    look = _remembering(text, judge) if len(places) > _MANY else None
    for at, after in places:
        while last <= at:
            first, last = next(claims, _NOWHERE)
        if at < done or first <= at:
            continue
        seen = look(at, after) if look is not None else _look(text, at, after, judge, (first, last))
        if seen is None:
            continue
        done = seen.name_end
        begin, end = seen.begin, seen.end
        if first <= begin and end <= last:
            continue
        span = seen.secret
        if span is None and not seen.quoted:
            refused = refused + 1 if begin < run_end else 1
            run_end = end
            # Name after name without a blank is nobody's log line; it is made to be slow, or to hide something.
            span = (begin, end) if refused > _PATIENCE else None
        if span is not None:
            yield span
            done = span[1]


def _places(low: str, wanted: list[str]) -> list[tuple[int, int]]:
    """Return where the words are, in order."""
    places: list[tuple[int, int]] = []
    for word in wanted:
        at = low.find(word)
        while at >= 0:
            after = at + len(word)
            places.append((at, after))
            at = low.find(word, after)
    return sorted(places)


class _Look(NamedTuple):
    """What stands behind a word of a name."""

    name_end: int
    begin: int
    end: int
    quoted: bool
    secret: tuple[int, int] | None
    """The span of the value when the name makes it a secret."""

    def moved(self, distance: int) -> "_Look":
        """Return the same at another place of the text."""
        secret = None if self.secret is None else (self.secret[0] + distance, self.secret[1] + distance)
        return _Look(self.name_end + distance, self.begin + distance, self.end + distance, self.quoted, secret)


def _look(
    text: str, at: int, after: int, judge: Callable[[str], Verdict], claim: tuple[int, int] = _NOWHERE
) -> _Look | None:
    """Look at what follows a word of a name; None when that is no value.

    Args:
        text: the text.
        at: where the word starts.
        after: where the word ends.
        judge: gives the verdict on a name.
        claim: a span that is a secret already: a value inside it needs no verdict.
    """
    if text.find(MARKER, after, after + _NEAR) >= 0 and (hidden := compiled(_HIDDEN).match(text, after)) is not None:
        return _Look(hidden.end("suffix"), hidden.end("assign"), hidden.end(), quoted=False, secret=None)
    found = compiled(_TAIL).match(text, after)
    if found is None:
        return None
    begin, end = found.span(found.lastgroup)
    quoted = found.lastgroup != "v6"
    secret = None
    done = (claim[0] <= begin and end <= claim[1]) or (text[begin:end] == MARKER and found["tag"] is None)
    if not done and not _has_structure(text, found, begin, end, quoted=quoted):
        secret = _value(text, at, found, begin, end, judge)
    return _Look(found.end("suffix"), begin, end, quoted, secret)


def _remembering(text: str, judge: Callable[[str], Verdict]) -> Callable[[int, int], _Look | None]:
    """Return `_look` with a memory, for a text full of names: equal surroundings are looked at once.

    Args:
        text: the text.
        judge: gives the verdict on a name.
    """
    memory: dict[tuple[str, int, bool], tuple[int, _Look | None]] = {}
    closings = [found.start() for found in compiled("</").finditer(text)]

    def look(at: int, after: int) -> _Look | None:
        # The only thing further away that matters is whether an element ends there.
        index = bisect_left(closings, after)
        closed = index < len(closings) and closings[index] < after + _FURTHEST
        key = (text[max(at - _BEFORE, 0) : after + _AFTER], after - at, closed)
        known = memory.get(key)
        if known is not None:
            place, seen = known
            return seen and seen.moved(at - place)
        seen = _look(text, at, after, judge)
        if at >= _BEFORE and (seen is None or max(seen.end, *(seen.secret or ())) < after + _AFTER - 80):
            memory[key] = at, seen
        return seen

    return look


def _unquoted(text: str, start: int, end: int) -> int:
    """Return where a value without quotes ends: closing punctuation belongs to what stands around it."""
    while end > start + 1 and text[end - 1] in _CLOSING:
        opener = _PAIRS.get(text[end - 1])
        if opener is not None and text.count(opener, start, end) >= text.count(text[end - 1], start, end):
            break
        end -= 1
    return end


def _value(  # noqa: C901 - one condition after the other
    text: str, at: int, found: Any, begin: int, end: int, judge: Callable[[str], Verdict]
) -> tuple[int, int] | None:
    """Return the span of the value that a name promises, or None where there is none."""
    option, verdict = _judged(text, at, found.start("suffix"), found.end("suffix"), judge)
    if verdict is Verdict.SAFE:
        return None
    last = option.lstrip(".-")
    if verdict is Verdict.MEDIUM and option.startswith("--") and _mixed(text[begin:end]):
        verdict = Verdict.STRONG  # nobody types an option for a count of tokens like this
    kind = next(kind for kind in _KINDS if found.start(kind) >= 0)
    quoted = found.lastgroup != "v6"
    if not quoted:
        end = _unquoted(text, begin, end)
        if verdict is Verdict.PASSWORD and found["assign"] == "=" and text[begin:end].isalpha():
            end = _end_of_phrase(text, begin, end)
        elif verdict is Verdict.STRONG and last.lower().endswith(("phrase", "mnemonic", "seed")):
            words = compiled(_WALLET_WORDS).match(text, begin)
            end = end if words is None else max(end, words.end())
    elif found.lastgroup == "v5" and " " in text[begin:end]:  # a command between backticks
        return None
    if not _connected(text, at, found, kind, last, text[begin:end], quoted=quoted):
        return None
    if kind == "tag":  # all that the element holds, blanks included
        end = text.index("</", begin)
    begin = _after_scheme(text, begin, end)
    value = text[begin:end]
    if _no_assignment(text, at, end, found, kind, last, verdict, value, quoted=quoted):
        return None
    kind = _joined(kind, option, found, verdict, value, quoted=quoted)
    if not _of_a_provider(text, at, found, verdict, value, quoted=quoted) and not fits_text(
        verdict, value, kind, quoted=quoted, alone=last.lower() in _ALONE, more=bool(found["more"])
    ):
        return None
    if end - begin >= (_LONGEST_QUOTED if quoted else _LONG):  # as far as it goes; only secrets are followed that far
        end = compiled(_REST).match(text, end).end()
        return begin, end
    return begin + len(value) - len(value.lstrip()), begin + len(value.rstrip())


def _after_scheme(text: str, begin: int, end: int) -> int:
    """Return where a value starts that a scheme introduces: `Bearer ...`."""
    if text.find(" ", begin, end) < 0 and text.find(":", begin, end) < 0:
        return begin
    scheme = compiled(_SCHEME).match(text, begin, end)
    return scheme.end() if scheme is not None and scheme.end() < end else begin


def _has_structure(text: str, found: Any, begin: int, end: int, *, quoted: bool) -> bool:
    """Tell whether an object, a list or a block stands under the name: `_blocks` reads these."""
    if not quoted and text[end - 1] == ":" and "\n" in text[found.end("suffix") : begin]:
        return True
    place = end if quoted and "{" in found["open"] else begin
    return text[place : place + 1] in _STRUCTURE_STARTS and compiled(_STRUCTURE).match(text, place) is not None


def _judged(text: str, at: int, after: int, end: int, judge: Callable[[str], Verdict]) -> tuple[str, Verdict]:
    """Return the name around a word, with the dashes of an option, and the verdict on it.

    Args:
        text: the text.
        at: where the word starts.
        after: where the word ends.
        end: where the name ends.
        judge: gives the verdict on a name.
    """
    before = compiled(_HEAD).match(text, 0, at)
    first, _, option = text[at if before is None else before.start() : end].rpartition(" ")
    last = option.lstrip(".-")
    word = text[at:end]
    if not word.isascii() or " " in word:  # "kata sandi"
        verdict = judge(word)
        if verdict:
            return word, verdict
    verdict = judge(last)
    if verdict is Verdict.WEAK and first:  # "client key", "foreign key"
        joined = judge(f"{first}_{last}")
        verdict = verdict if joined is Verdict.MEDIUM else joined
    if first and last.lower() in {"pass", "pin"} and judge(f"{first}_{last}") is Verdict.SAFE:  # "second pass"
        return option, Verdict.SAFE
    if last[-1:].isdigit() and compiled(_PACKAGE).search(last):
        return option, Verdict.SAFE
    if verdict is Verdict.SAFE and after == end:  # "getAcme", "newAcme"
        apart = text[at].isupper() or not text[max(at - 1, 0) : at].isalpha()
        if apart and text[at:after].lower() in PROVIDERS:
            verdict = Verdict.WEAK
    return option, verdict


def _echoes(value: str, name: str) -> bool:
    """Tell whether a value is a variable named like the name, as in `self.pwd = pwd`, or no text at all."""
    if not any(map(str.isalnum, value)):
        return True
    tail = value.rpartition(".")[2]
    return tail.isidentifier() and not any(map(str.isdigit, tail)) and (tail in name or name in tail)


def _mixed(value: str) -> bool:
    return len(value) >= 6 and value.isascii() and any(map(str.isdigit, value)) and any(map(str.isalpha, value))


def _connected(text: str, at: int, found: Any, kind: str, name: str, value: str, *, quoted: bool) -> bool:
    """Tell whether what stands between name and value can join them there."""
    if (not quoted or found.lastgroup == "v5") and _echoes(value.lower(), name.lower()):
        return False
    more = (found["more"] or "").strip().lower()
    if more and more != "value" and set(found["close"]) & set("\"'"):  # <input type="password" id="pw">
        return False
    if kind == "space" and value.startswith(("(", "`")):
        return False
    if found["suffix"].endswith(".") and (kind == "space" or more):  # the end of a sentence
        return False
    if kind == "comma":  # ("password", "...") and, in Erlang, {password, "..."}
        return 0 < len(found["close"]) <= 3 or (not found["close"] and text[max(at - 1, 0) : at] == "{")
    if kind == "tag":
        return _in_a_tag(text, at)
    return quoted or not _told_by_its_path(text, at, found["assign"], name, value)


def _in_a_tag(text: str, at: int) -> bool:
    """Tell whether the name around a word is an element's, or said in it: `<dbPassword>`, `<param name="dbPassword">`."""
    before = compiled(_HEAD).match(text, 0, at)
    start = at if before is None else before.start()
    return text[max(start - 1, 0) : start] == "<" or text[max(start - 2, 0) : start] in {'="', "='"}


def _told_by_its_path(text: str, at: int, assign: str | None, name: str, value: str) -> bool:
    """Tell whether a colon only separates: `arn:aws:...:secret:prod/db`, `PASS: TestLogin`."""
    if assign is None or not assign.startswith(":"):
        return False
    if assign == ":" and "arn:" in text[max(0, at - 100) : at].rpartition(" ")[2]:
        return True
    if name in {"PASS", "XPASS", "Pass"}:  # the result of a test
        return not _mixed(value) or bool(set(value) & set("/.:(")) or noise(value) < 0.3
    if assign.startswith(": ") and name.rpartition("-")[2] in _COMMANDS and value.isalpha():
        return True
    return compiled(_FILE).search(name) is not None


def _of_a_provider(text: str, at: int, found: Any, verdict: Verdict, value: str, *, quoted: bool) -> bool:
    """Tell whether a key is a UUID or a hash and the word before its name is a service: `acme token 7c6b5a49-...`."""
    if verdict < Verdict.WEAK or not (
        uuid_like(value) or (plain_hex(value) and 20 <= len(value) <= 128 and not value.isdigit())
    ):
        return False
    if (quoted or found["assign"] == "=") and text[at : found.end("suffix")].lower() in PROVIDERS:
        return True
    before = compiled(_PROVIDER_BEFORE).match(text, 0, at)
    return before is not None and any(
        piece.lower() in PROVIDERS for piece in before[0].replace("_", " ").replace("-", " ").split()
    )


def _end_of_phrase(text: str, begin: int, end: int) -> int:
    """Return where a password of several words ends that the next name follows."""
    phrase = compiled(_PHRASE).match(text, begin)
    return end if phrase is None else max(end, phrase.end())


def _no_assignment(
    text: str, at: int, end: int, found: Any, kind: str, name: str, verdict: Verdict, value: str, *, quoted: bool
) -> bool:
    """Tell whether name and value only stand side by side: in a list of errors, in a sentence, as an image and its tag."""
    if found["open"][:1] == "[" and compiled(_SENTENCE).fullmatch(value):  # a list of what is wrong with it
        return True
    if kind != "assign" or quoted:
        return False
    if name.lower().lstrip("_") in {"pin", "otp", "cvv", "cvc", "totp"} and value.isalpha():  # what is a number is none
        return True
    sentence = verdict is Verdict.STRONG and found["assign"] == ": " and value.isalpha()
    if sentence and compiled(_ONWARD).match(text, end):
        return True
    return _separates(text, at, found, name, value)


_IMAGE_TAG: Final = r"(?:v?\d{1,4}(?:\.\d{1,6}){1,3}(?:[\-+][\w.\-]{1,40})?|latest|stable|edge|amd64|arm64|armhf|i386|all|any|[0-9a-f]{6,12})"


def _separates(text: str, at: int, found: Any, name: str, value: str) -> bool:
    """Tell whether a sign only separates: an image and its tag, the scope of a commit, `PWD` and a folder."""
    if is_folder(name, value):
        return True
    if found["assign"].startswith(":"):
        before = compiled(_HEAD).match(text, 0, at)
        start = at if before is None else before.start()
        if found["assign"] == ":" and compiled(r"(?r)[^\s]/").match(text, 0, start):  # not an option: /pass:
            return True
        if found["assign"] == ":" and "-" in name and compiled(_IMAGE_TAG).fullmatch(value):
            return True
        if found["close"].startswith(")") and (text[max(start - 1, 0) : start] == "(" or value.isalnum()):
            return True  # feat(api-key): ...
        if name.upper() == name and name.endswith("PASSWD"):  # what sudo may run without asking
            return True
    return False


def _joined(kind: str, option: str, found: Any, verdict: Verdict, value: str, *, quoted: bool) -> str:
    """Return how name and value are joined, "assign" where they belong together as firmly as with a sign between them."""
    if kind in {"tag", "inside"} or (kind == "comma" and option.startswith("-")):
        return "assign"
    if kind == "assign":
        sign = found["assign"]
        return "colon" if sign == ": " or (sign[0] == "=" and sign[-1] == " ") else kind
    if kind == "space" and _introduced(option, found, verdict, value, quoted=quoted):
        return "assign"
    if quoted and kind in {"space", "call", "comma"} and verdict >= Verdict.STRONG and len(value) >= 6:
        low = option.lower()
        # A password with a digit; a secret may be told by its name: `secret "db-2" created`.
        if ("pass" in low or "pwd" in low) and any(map(str.isdigit, value)) and not value.isdigit():
            return "assign"
    return kind


def _introduced(option: str, found: Any, verdict: Verdict, value: str, *, quoted: bool) -> bool:
    """Tell whether a mere space assigns: `--password x`, "the password is x", "password for ann set to x"."""
    if value.startswith(("$", "%")) or "%s" in value or option.upper() in {"PWD", "OLDPWD"}:
        return False
    signed = any(char.isdigit() or char in "!@#$%^&*+=~?" for char in value.rstrip(".,;:!?"))
    if option.startswith("--") or (option.startswith("-") and len(option) > 4):
        return (
            verdict >= Verdict.MEDIUM
            and not found["space"].strip()
            and not (
                plain_word(value) or (verdict < Verdict.PASSWORD and value.rstrip(".,").isalpha() and value.islower())
            )
        )
    between = found["space"].strip()
    if not between:
        # A variable or a property and its value: `ENV API_KEY 4f...`, `connection.password t0p-hat`.
        if "." in option.strip("."):
            return verdict >= Verdict.STRONG and _mixed(value) and value[0].isalnum() and not set(value) & set("/():")
        return option.isupper() and "_" in option and verdict >= Verdict.MEDIUM and len(value) >= 16 and signed
    if between in {"with", "to", "as"}:
        return verdict >= Verdict.STRONG and "_" in option and _mixed(value)
    if verdict is Verdict.MEDIUM:
        return len(value) >= 16 and any(map(str.isdigit, value))
    return verdict >= Verdict.STRONG and (signed or quoted or random_looking(value, 10, 0.3))
