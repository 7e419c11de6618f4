"""Whether what follows a name is its value, and how far the value goes."""

from collections.abc import Callable
from typing import Any, Final

from narration_core.redaction._assignment_pattern import (
    ASSIGN,
    BACKTICKS,
    BARE,
    CLOSE,
    DASH,
    HEAD,
    KINDS,
    MORE,
    OPEN,
    SCHEMES,
    SPACE,
    SUFFIX,
    TAG,
    WRAPPERS,
)
from narration_core.redaction._checks import noisy, plain_hex, random_looking, typed, uuid_like
from narration_core.redaction._provider_names import PROVIDERS
from narration_core.redaction._rule import compiled
from narration_core.redaction._secret_names import MEDIUM, PASSWORD, SAFE, STRONG, WEAK, Verdict, says_nothing
from narration_core.redaction._values import (
    LEAST,
    LEAST_RANDOM,
    fits_text,
    is_folder,
    looks_secret,
    plain_word,
    sentences,
)

# What a program says of itself: `passwd: Permission denied`, `secrets.go:17: ...`.
_COMMANDS: Final = frozenset(["passwd", "chpasswd", "gpasswd", "mkpasswd", "htpasswd", "sshpass", "getpass", "askpass"])
# What the log of a login says after the command: `pam_unix(passwd:chauthtok): ...`.
_PAM_STEPS: Final = frozenset(["auth", "account", "session", "chauthtok", "setcred"])
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
_LONG: Final = 250
_LONGEST_QUOTED: Final = 4096
_REST: Final = r"""[^\s"'`;,<>\\]{0,65536}+"""
# What sets a variable in a source, an image or a shell; the name follows.
_DIRECTIVE: Final = r"(?r)(?:^|[^\w])(?:define|ENV|ARG|[Ss]et[Ee]nv|[Ss]et|SET)[ ]{1,8}[\w.\-]{0,64}+"
_SCHEME: Final = rf"(?i)(?:{SCHEMES})[ :]\s{{0,2}}"
# A placeholder of several words, `<set to the key 'password' in secret 'db'>`; a variable of a query, `login(password: $p) { id }`.
_EXPLAINED: Final = r"\$[A-Za-z_]\w{0,40}\)(?!\w)|<[a-z]{1,24}[ ][^<>\r\n]{1,160}+>(?=[\s,;.)]|\Z)"
_CLOSING: Final = ",;)}]>.:"
_PAIRS: Final = {")": "(", "]": "[", "}": "{", ">": "<"}
_STRUCTURE: Final = r"""[\[{(]{1,4}\s{0,8}["']|["']\s{0,8}(?::|=>)"""
_STRUCTURE_STARTS: Final = frozenset("[{(\"'")
# What is a password by any measure: letters and digits, and nothing that code or a template has. Most are.
_EVIDENT: Final = r"(?=[A-Za-z]{0,64}\d)(?=\d{0,64}[A-Za-z])[\w\-.+!@#^~?]{4,200}+"
# `0x0`, `xxxx1`: what stands where a secret was starts with one of these.
_MASKS: Final = frozenset("xX0")
_MIXED: Final = 6
_BRACKET: Final = 4
"""So long is at most what opens a value that no call makes: a bracket, blanks, the prefix of a literal."""
_RESULTS: Final = frozenset(["PASS", "XPASS", "Pass"])
# Words that are secrets by the one before them.
_QUALIFIED: Final = frozenset(["answer", "code", "phrase", "seed", "cookie"])
_ALONE: Final = frozenset({"key", "token", "auth", "login", "session", "pass"})


def unquoted(text: str, start: int, end: int) -> int:
    """Return where a value without quotes ends: closing punctuation belongs to what stands around it."""
    while end > start + 1 and text[end - 1] in _CLOSING:
        opener = _PAIRS.get(text[end - 1])
        if opener is not None and text.count(opener, start, end) >= text.count(text[end - 1], start, end):
            break
        end -= 1
    return end


def secret_value(
    text: str, at: int, found: Any, begin: int, end: int, judge: Callable[[str], Verdict]
) -> tuple[int, int] | None:
    """Return the span of the value that a name promises, or None where there is none."""
    option, verdict = _judged(text, at, found, judge)
    if verdict == SAFE or (verdict < STRONG and _too_short(found, begin, end, option, verdict)):
        return None
    if text[end - 1] == ":" and found.lastindex == BARE and judge(text[begin : end - 1]) >= MEDIUM:
        return None  # a name again, that of the value: `credentials: secret_key_base: ...`
    evident = _evident(text, found, begin, end, option)
    if evident is not None and (verdict == PASSWORD or _promised(evident, option, verdict)):
        return begin, end if found.lastindex != BARE else unquoted(text, begin, end)
    return _value(text, at, found, begin, end, option, verdict)


def _too_short(found: Any, begin: int, end: int, option: str, verdict: Verdict) -> bool:
    """Tell whether a value is too short to be one under a name that is no secret's; most such names have such values."""
    return (
        end - begin < (LEAST if verdict == MEDIUM else LEAST_RANDOM)
        and found.start(TAG) < 0
        and not option.startswith("--")
    )


def _evident(text: str, found: Any, begin: int, end: int, option: str) -> str | None:
    """Return what stands under a name when it is its value, and a password by any measure; None when that takes a closer look."""
    sign = found[ASSIGN]
    if not sign or found[MORE] or found.lastindex == BACKTICKS:
        return None
    if compiled(_EVIDENT).fullmatch(text, begin, end) is None:
        return None
    value = text[begin:end]
    if found.lastindex == BARE and sign != "=":  # a result, a file, a user who needs none: these have a colon as well
        told = sign == ": " and not found[CLOSE] and value.isalnum()
        if not told or "." in option or option in _RESULTS or option.endswith("PASSWD"):
            return None
    return value


def _promised(value: str, option: str, verdict: Verdict) -> bool:
    """Tell whether an evident value is what a name promises that is none of a password's; False takes a closer look."""
    if not value.isalnum() or value[0] in _MASKS:
        return False
    if verdict == STRONG or (verdict == MEDIUM and option.startswith("--") and len(value) >= _MIXED):
        return True
    return len(value) >= LEAST and looks_secret(verdict, value, alone=option.lstrip(".-").lower() in _ALONE)


def _value(  # noqa: C901 - one condition after the other
    text: str, at: int, found: Any, begin: int, end: int, option: str, verdict: Verdict
) -> tuple[int, int] | None:
    """Return the span of the value that a name of this verdict promises, or None where there is none."""
    last = option.lstrip(".-")
    if verdict == MEDIUM and option.startswith("--") and _mixed(text[begin:end]):
        verdict = STRONG  # nobody types an option for a count of tokens like this
    kind = "assign" if found[ASSIGN] else next(kind for group, kind in KINDS if found.start(group) >= 0)
    quoted = found.lastindex != BARE
    if not quoted:
        end = unquoted(text, begin, end)
        if text[begin] in "<$" and compiled(_EXPLAINED).match(text, begin):
            return None
        if verdict == PASSWORD and found[ASSIGN] == "=" and text[begin:end].isalpha():
            end = _end_of_phrase(text, begin, end)
        elif verdict == STRONG and last.lower().endswith(("phrase", "mnemonic", "seed")):
            words = compiled(_WALLET_WORDS).match(text, begin)
            end = end if words is None else max(end, words.end())
    elif found.lastindex == BACKTICKS and " " in text[begin:end]:  # a command between backticks
        return None
    if not _connected(text, at, found, kind, last, text[begin:end], quoted=quoted):
        return None
    if kind == "tag":  # all that the element holds, blanks included
        end = text.index("</", begin)
    begin = _after_scheme(text, begin, end)
    value = text[begin:end]
    if verdict < STRONG and len(value) < LEAST:
        return None
    if _no_assignment(text, at, end, found, kind, last, verdict, value, quoted=quoted):
        return None
    kind = _joined(text, at, kind, option, found, verdict, value, quoted=quoted)
    alone = last.lower() in _ALONE
    if not fits_text(verdict, value, kind, quoted=quoted, alone=alone, more=bool(found[MORE])) and not _of_a_provider(
        text, at, found, verdict, value, quoted=quoted
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


def has_structure(text: str, found: Any, begin: int, end: int, *, quoted: bool) -> bool:
    """Tell whether an object, a list or a block stands under the name: `_blocks` reads these."""
    if not quoted and text[end - 1] == ":" and "\n" in text[found.end(SUFFIX) : begin]:
        return True
    place = end if quoted and "{" in found[OPEN] else begin
    return text[place : place + 1] in _STRUCTURE_STARTS and compiled(_STRUCTURE).match(text, place) is not None


def _by_neighbour(
    first: str, last: str, more: str, verdict: Verdict, judge: Callable[[str], Verdict]
) -> Verdict | None:
    """Return the verdict where a word beside the name decides it: on "token id", on "security answer"; else None."""
    if verdict and more:
        whole = f"{last}_{more.rpartition(' ')[2]}"
        if says_nothing(whole) and judge(whole) == SAFE:
            return SAFE
    if first and last.lower().rstrip("s") in _QUALIFIED:
        joined = judge(f"{first}_{last}")
        if joined >= STRONG:
            return joined
    return None


def _start_of_name(text: str, at: int) -> int:
    """Return where the name around a word starts, with the word before it that belongs to it."""
    before = compiled(HEAD).match(text, 0, at)
    return at if before is None else int(before.start())


def _judged(text: str, at: int, found: Any, judge: Callable[[str], Verdict]) -> tuple[str, Verdict]:
    """Return the name around a word, with the dashes of an option, and the verdict on it.

    Args:
        text: the text.
        at: where the word starts.
        found: what stands behind the word.
        judge: gives the verdict on a name.
    """
    after, end = found.span(SUFFIX)
    first, _, option = text[_start_of_name(text, at) : end].rpartition(" ")
    last = option[2:] if option.startswith("-D") else option.lstrip(".-").removeprefix("this.")  # -Dapp.secret=...
    word = text[at:end]
    if not word.isascii() or " " in word:  # "kata sandi"
        verdict = judge(word)
        if verdict:
            return word, verdict
    verdict = judge(last)
    decided = _by_neighbour(first, last, found[MORE] or "", verdict, judge)
    if decided is not None:
        return option, decided
    if verdict == WEAK and first:  # "client key", "foreign key"
        joined = judge(f"{first}_{last}")
        verdict = verdict if joined == MEDIUM else joined
    if first and last.lower() in {"pass", "pin"} and judge(f"{first}_{last}") == SAFE:  # "second pass"
        return option, SAFE
    if last[-1:].isdigit() and compiled(_PACKAGE).search(last):
        return option, SAFE
    if verdict == SAFE and after == end:  # "getAcme", "newAcme"
        apart = text[at].isupper() or not text[max(at - 1, 0) : at].isalpha()
        if apart and text[at:after].lower() in PROVIDERS:
            verdict = WEAK
    return option, verdict


def _echoes(value: str, name: str) -> bool:
    """Tell whether a value is a variable named like the name, as in `self.pwd = pwd`, or no text at all."""
    if not value[:1].isalnum() and not any(map(str.isalnum, value)):
        return True
    tail = value.rpartition(".")[2]
    return tail.isidentifier() and not any(map(str.isdigit, tail)) and (tail in name or name in tail)


def _mixed(value: str) -> bool:
    return len(value) >= _MIXED and value.isascii() and any(map(str.isdigit, value)) and any(map(str.isalpha, value))


def _connected(text: str, at: int, found: Any, kind: str, name: str, value: str, *, quoted: bool) -> bool:
    """Tell whether what stands between name and value can join them there."""
    if (not quoted or found.lastindex == BACKTICKS) and _echoes(value.lower(), name.lower()):
        return False
    more = (found[MORE] or "").strip().lower()
    if more and more != "value" and set(found[CLOSE]) & set("\"'"):  # <input type="password" id="pw">
        return False
    if kind == "space" and value.startswith(("(", "`")):
        return False
    if kind == "dash" and not _dashed(found[DASH], value, quoted=quoted):
        return False
    if found[SUFFIX].endswith(".") and (kind == "space" or more):  # the end of a sentence
        return False
    if kind == "call" and value.rstrip().endswith((":", "?")) and " " in value.strip():  # getpass("Password for ann: ")
        return False
    if quoted and not found[CLOSE] and value.startswith((", ", ")", " ")) and _closes(text, at, found):
        return False
    if kind == "comma":  # ("password", "...") and, in Erlang, {password, "..."}
        return 0 < len(found[CLOSE]) <= 3 or (not found[CLOSE] and _opens_a_tuple(text, at))
    if kind == "tag":
        return _in_a_tag(text, at)
    return quoted or not _told_by_its_path(text, at, found[ASSIGN], name, value)


def _closes(text: str, at: int, found: Any) -> bool:
    """Tell whether what looks like the start of a value ends the text that the name is in: `prompt='Password: ', stream=None`."""
    start = _start_of_name(text, at)
    return text[max(start - 1, 0) : start] == text[found.end(OPEN) : found.end(OPEN) + 1]


def _dashed(sign: str, value: str, *, quoted: bool) -> bool:
    """Tell whether what stands between name and value joins them: many signs do so where only a password can follow."""
    bare = sign.strip()
    if bare in {"-", "~>", "-->", "…", "."} or (bare in {">>", "..."} and len(sign) > len(bare) + 1):
        return True
    return typed(value) or (quoted and bare[:3] == "..." and len(value) >= _MIXED)


def _opens_a_tuple(text: str, at: int) -> bool:
    """Tell whether the name around a word is the first thing in braces: `{password,"..."}`, `{:password, "..."}`."""
    start = _start_of_name(text, at)
    return text[max(start - 2, 0) : start].rstrip(":,[ ")[-1:] == "{"


def _in_a_tag(text: str, at: int) -> bool:
    """Tell whether the name around a word is an element's, or said in it: `<dbPassword>`, `<param name="dbPassword">`."""
    start = _start_of_name(text, at)
    return text[max(start - 1, 0) : start] == "<" or text[max(start - 2, 0) : start] in {'="', "='"}


def _told_by_its_path(text: str, at: int, assign: str | None, name: str, value: str) -> bool:
    """Tell whether a colon only separates: `arn:aws:...:secret:prod/db`, `PASS: TestLogin`."""
    if assign is None or not assign.startswith(":"):
        return False
    if assign == ":" and "arn:" in text[max(0, at - 100) : at].rpartition(" ")[2]:
        return True
    if assign == ":" and name in _COMMANDS and value in _PAM_STEPS:
        return True
    if name in _RESULTS:  # the result of a test
        return not _mixed(value) or bool(set(value) & set("/.:(")) or not noisy(value, 0.3)
    if (
        assign.startswith(": ")
        and name.rpartition("-")[2] in _COMMANDS
        and value.isalpha()
        and (value.islower() or value.istitle())
    ):
        return True
    return compiled(_FILE).search(name) is not None


def _of_a_provider(text: str, at: int, found: Any, verdict: Verdict, value: str, *, quoted: bool) -> bool:
    """Tell whether a key is a UUID or a hash and the word before its name is a service: `acme token 7c6b5a49-...`."""
    if verdict < WEAK or not (
        uuid_like(value) or (plain_hex(value) and 20 <= len(value) <= 128 and not value.isdigit())
    ):
        return False
    if (quoted or found[ASSIGN] == "=") and text[at : found.end(SUFFIX)].lower() in PROVIDERS:
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
    if found[OPEN][:1] == "[" and sentences(value):  # a list of what is wrong with it
        return True
    if kind == "space" and quoted:  # secret "db-main" deleted
        return name.lower() in _THINGS and compiled(_NAMED).match(value + text[end : end + 32]) is not None
    if kind != "assign" or quoted:
        return False
    more = found[MORE]
    if more and (compiled(_FIELD).match(value) or compiled(_HASHED).search(more)):
        return True  # "secret engine mounted: path=kv/", "key RSA SHA256:..."
    if name.lower().lstrip("_") in {"pin", "otp", "cvv", "cvc", "totp"} and value.isalpha():  # what is a number is none
        return True
    sentence = verdict == STRONG and found[ASSIGN] == ": " and value.isalpha()
    if sentence and compiled(_ONWARD).match(text, end):
        return True
    return _separates(text, at, found, name, value)


_COUNTED: Final = frozenset(["passwords", "passphrases"])
_THINGS: Final = frozenset(["secret", "secrets"])
_NAMED: Final = (
    r"[a-z0-9]{1,63}(?:[.\-][a-z0-9]{1,63}){1,8}+[\"'`][ ](?:not|is|was|has|does|already|cannot|could|in|from|of|created|deleted|updated|configured|unchanged"
    r"|patched|replaced|annotated|labeled|synced|mounted|found)\b"
)
_HASHED: Final = r"(?i)(?:sha-?\d{1,3}|md5)$"
_FIELD: Final = r"[a-z_]{1,24}=[^=]"
_TYPE_OR_FUNCTION: Final = r"[A-Z][A-Za-z]{1,40}|[a-z]{1,20}(?:_[a-z]{1,20}){1,6}|[a-z]{1,20}(?:[A-Z][a-z]{1,20}){1,6}"
_IMAGE_TAG: Final = r"(?:v?\d{1,4}(?:\.\d{1,6}){1,3}(?:[\-+][\w.\-]{1,40})?|latest|stable|edge|amd64|arm64|armhf|i386|all|any|[0-9a-f]{6,12})"


def _separates(text: str, at: int, found: Any, name: str, value: str) -> bool:
    """Tell whether a sign only separates: an image and its tag, the scope of a commit, `PWD` and a folder."""
    if is_folder(name, value):
        return True
    if name.lower() in _COUNTED and value.isdigit() and len(value) < 5:  # passwords: 12 checked
        return True
    if found[ASSIGN].lstrip().startswith(":"):
        start = _start_of_name(text, at)
        if found[ASSIGN] == ":" and compiled(r"(?r)[^\s\"'`,]/").match(text, 0, start):  # not an option: /pass:
            return True
        if found[ASSIGN].strip() == "::" and (
            text[max(start - 2, 0) : start] == "::"
            or "::" in value
            or compiled(_TYPE_OR_FUNCTION).fullmatch(value)
            or (name[:1].isupper() and not name.isupper() and value.isalpha())
        ):
            return True  # auth::password::verify, password :: String, strip_pass::run_twice, UserToken::check
        if found[ASSIGN] == ":" and "-" in name and compiled(_IMAGE_TAG).fullmatch(value):
            return True
        if found[CLOSE].startswith(")") and (text[max(start - 1, 0) : start] == "(" or value.isalnum()):
            return True  # feat(api-key): ...
        if name.upper() == name and name.endswith("PASSWD"):  # what sudo may run without asking
            return True
    return False


def _joined(
    text: str, at: int, kind: str, option: str, found: Any, verdict: Verdict, value: str, *, quoted: bool
) -> str:
    """Return how name and value are joined, "assign" where they belong together as firmly as with a sign between them."""
    if kind in {"tag", "inside"} or (kind == "comma" and option.startswith("-")):
        return "assign"
    if _made(found):
        kind = "call"
    if kind == "assign":
        sign = found[ASSIGN]
        return "colon" if sign.endswith(": ") or (sign[0] == "=" and sign[-1] == " ") else kind
    if kind == "space" and (
        _introduced(option, found, verdict, value, quoted=quoted)
        or (verdict >= STRONG and _mixed(value) and compiled(_DIRECTIVE).match(text, 0, at))
    ):
        return "assign"
    if quoted and kind in {"space", "call", "comma"} and verdict >= STRONG and len(value) >= 6:
        low = option.lower()
        # A password with a digit; a secret may be told by its name: `secret "db-2" created`, `("secret", "prod/db-2")`.
        named = "pass" in low or "pwd" in low or (kind != "space" and set("-./_:").isdisjoint(value))
        if named and any(map(str.isdigit, value)) and not value.isdigit() and not is_folder(option, value):
            return "assign"
    return kind


def _made(found: Any) -> bool:
    """Tell whether a call makes the value of a text: only a text that looks like a secret is one, not that of a label."""
    opened = found[OPEN]
    return len(opened) > _BRACKET and compiled(WRAPPERS).match(opened) is None


def _introduced(option: str, found: Any, verdict: Verdict, value: str, *, quoted: bool) -> bool:
    """Tell whether a mere space assigns: `--password x`, "the password is x", "password for ann set to x"."""
    if (
        value.startswith(("$", "%"))
        or "%s" in value
        or (option.upper() in {"PWD", "OLDPWD"} and not found[SPACE].strip())
    ):
        return False
    signed = any(char.isdigit() or char in "!@#$%^&*+=~?" for char in value.rstrip(".,;:!?"))
    if option.startswith("--") or (option.startswith("-") and len(option) > 4):
        return (
            verdict >= MEDIUM
            and not found[SPACE].strip()
            and not (plain_word(value) or (verdict < PASSWORD and value.rstrip(".,").isalpha() and value.islower()))
        )
    between = found[SPACE].strip()
    if not between:
        # A variable or a property and its value: `ENV API_KEY 4f...`, `connection.password t0p-hat`.
        if "." in option.strip("."):
            return verdict >= STRONG and _mixed(value) and value[0].isalnum() and not set(value) & set("/():")
        if verdict == PASSWORD and not option.endswith(".") and typed(value):
            return True
        variable = option.isupper() and "_" in option and verdict >= MEDIUM and signed
        return variable and len(value) >= (_MIXED if verdict == PASSWORD and _mixed(value) else 16)
    if between in {"with", "to", "as"}:
        return verdict >= STRONG and ("_" in option or quoted or not option.isascii()) and _mixed(value)
    if verdict == MEDIUM:
        return len(value) >= 16 and any(map(str.isdigit, value))
    return verdict >= STRONG and (signed or quoted or random_looking(value, 10, 0.3))
