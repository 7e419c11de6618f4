"""Whether a value is what its name promises: any text, no mere word, or random characters."""

from typing import Final

from narration_core.redaction._checks import (
    exact_placeholder,
    mixed_case,
    noisy,
    placeholder,
    plain_hex,
    random_looking,
    uuid_like,
)
from narration_core.redaction._rule import compiled
from narration_core.redaction._secret_names import MEDIUM, PASSWORD, STRONG, WEAK, Verdict

# Words that follow a name in prose: "password: must be", "token is expired".
_PROSE: Final = frozenset(
    (
        "a all an and any are as at authentication be because been before but by can cannot changed contains could did do does expired "
        "failed for from had has have if in incorrect into invalid is it its lasts length size may mismatch missing must "
        "needs never no noauth none not of on only or please provided refreshed rejected required reset rotated rotation "
        "seems set should specified flag option options argument arguments given unless needed expected value values cast ensure enter select instead since that the their then this to too until updated used using validation via was were when "
        "which while will with without would you your"
    ).split()
)

# A call, an index, a keyword of a language: code that gets a secret, not the secret.
_CODE: Final = (
    r"(?:[A-Za-z_$][\w$]*+(?:(?:\.|->|::)[A-Za-z_$][\w$]*+)*+(?:\(|\[[\w\"':])"
    r"|(?:new|await|async|func|function|lambda|return|not|self|this)(?![\w\-]))"
)


_KEYWORDS: Final = ("new", "await", "async", "func", "lambda", "return", "not", "self", "this")
"""How code starts that has no bracket."""

_HOLDERS: Final = frozenset(["Some", "Just", "Ok", "Optional", "SecretStr"])
"""What prints the value that it holds: `Some(...)`."""

# The key of a cache, told by what it is for and a hash: `linux-pip-4f...`.
_CACHE_KEY: Final = r"(?:Linux|macOS|Windows|[a-z][a-z0-9._]{0,40})(?:[\-:/][a-z0-9._]{1,40}){0,6}[\-:/][0-9a-f]{7,64}"
_FINGERPRINT: Final = r"(?:[0-9A-Fa-f]{2}:){5,40}[0-9A-Fa-f]{2}"


def _symbols(value: str) -> int:
    return sum(char in "!@#$%^&*(){}[]~|<>?+" for char in value)


# States that a program reports under a password's name: "password: expired".
_STATES: Final = frozenset(
    (
        "yes no true false on off set unset none null nil undefined required optional missing present absent empty default ok valid invalid "
        "wrong incorrect passed skipped expired changed accepted rejected failed enabled disabled unknown n/a all "
        "str string bytes int integer bool boolean optional any object char text varchar"
    ).split()
)
_NOTHING: Final = frozenset(["none", "null", "nil", "undefined", "(null)", "none,", "nan"])
# How long, how much: what stands in the next column.
_MEASURE: Final = r"\d{1,12}(?:[.,]\d{1,12})?\s?(?:[nuµm]?s|min|h|d|[KMGT]?i?B|%)"
# What a column may hold: `varchar(255)`.
_COLUMN_TYPE: Final = r"(?i)[a-z]{3,16}\d?\(\d{1,5}(?:,\d{1,3})?\)"
_VERSION: Final = r"v?\d{1,4}(?:\.\d{1,6}){1,3}(?:[-+][\w.\-]{1,40})?"
# Where a file is: a root, a home, a drive, a share.
_PATH: Final = r"(?:\.{0,2}/|~/|[A-Za-z]:[\\/]|\\\\|file:)[\w.@+ \-\\/]{1,200}"
# The name of a class and what it prints of itself: `Token{a64f992`, `Session@1b2c3d`.
_PRINTED: Final = r"[A-Za-z$.]{4,80}(?:\{|@[0-9a-f]{4,16}\b)"


# A number of 32 bits: a place, a mask, a code.
_HEX_NUMBER: Final = r"0[xX][0-9A-Fa-f]{1,8}"
_LONGEST_NUMBER: Final = 10
# A thing of a cluster, told by its namespace and its name.
_REFERENCE: Final = r"[a-z][a-z0-9\-]{0,62}/[a-z][a-z0-9.\-]{0,62}"


# What is wrong with a value, as libraries for forms say it.
_SENTENCE: Final = r"[A-Z][a-z]{1,20}(?:[ ][A-Za-z0-9',\-]{1,20}){2,20}\."
_SENTENCES: Final = rf"{_SENTENCE}(?:[ ]{_SENTENCE}){{0,3}}"


def sentences(value: str) -> bool:
    """Tell whether a value is one sentence or a few: `This password is too short. Choose another one.`."""
    return value.endswith(".") and compiled(_SENTENCES).fullmatch(value) is not None


def plain_word(value: str) -> bool:
    """Tell whether a value is a word that a sentence goes on with: `the option --password is missing`."""
    return value.lower().rstrip(".,;:!?)") in _PROSE


def path(value: str) -> bool:
    """Tell whether a value is the path of a file, or of a thing in a cluster, and nothing random."""
    if compiled(_PATH).fullmatch(value):
        return not random_looking(value, 40, 0.4)
    return compiled(_REFERENCE).fullmatch(value) is not None and not noisy(value, 0.2)


def is_folder(name: str, value: str) -> bool:
    """Tell whether a value is a folder and its name is that of one: `PWD`, `OLDPWD`."""
    return name.lower().strip("\"'$ ") in {"pwd", "oldpwd", "owd"} and compiled(_PATH).match(value) is not None


def _password(value: str, kind: str, *, quoted: bool, more: bool) -> bool:
    low = value.lower().rstrip(".,;:!?)")
    if exact_placeholder(value) or (not quoted and low in _NOTHING):
        return False
    if kind in {"comma", "call", "dash", "space", "cell"} or (more and not quoted):
        return not placeholder(value) and (mixed_case(value) or _strong(value, kind, quoted=quoted, more=more))
    if quoted:
        return not (kind == "pair" and len(value) < 4) and (len(value) > 2 or any(map(str.isalnum, value)))
    if kind == "colon":  # as sentences have it
        return low not in _PROSE and low not in _STATES and not compiled(_CODE).match(value)
    if value.isdigit() and len(value) < 4:
        return False
    return not _code(value)


def _code(value: str) -> bool:
    """Code that gets a password: calls, subscripts, attributes of well-known things, whose names have no digit."""
    coded = "(" in value or "[" in value or value.startswith(_KEYWORDS)
    found = compiled(_CODE).match(value) if coded else None
    if found is not None:
        named = found[0].partition("(")[0].partition("[")[0]
        if named in _HOLDERS and value.endswith((")", "]")):
            return False
        if " " in value or named == found[0]:  # a keyword: all that follows counts
            named = value
        return not any(map(str.isdigit, named))
    return (
        ("." in value or "[" in value)
        and compiled(_CONFIGURED).match(value) is not None
        and placeholder(value)
        and not any(map(str.isdigit, value))
    )


_CONFIGURED: Final = r"(?:process\.env|os\.environ|os\.getenv|getenv|env|var|local|data|module|config|settings|self|this|secrets|args|options|opts|params|props|request|req|ctx)[.\[(]"


_SETTINGS: Final = frozenset(["true", "false", "null", "none", "nil", "yes", "no", "~", "undefined"])
_SHORTEST: Final = 3
LEAST: Final = 8
"""Shorter values are words and numbers to all but strong names."""
LEAST_RANDOM: Final = 10
"""The same for weak names."""


def _strong(value: str, kind: str, *, quoted: bool, more: bool) -> bool:
    if kind == "space" and value.islower() and not any(map(str.isdigit, value)):
        return False  # secret "db-main": its name
    if kind in {"comma", "call", "dash", "space", "cell"} or (more and not quoted):
        if (len(value) < 6 and value.isalpha()) or any(
            compiled(pattern).fullmatch(value) for pattern in (_MEASURE, _COLUMN_TYPE, _VERSION)
        ):
            return False
        return noisy(value, 0.25) or _symbols(value) >= 2 or random_looking(value, 8, 0.3)
    if (kind == "pair" and len(value) < 4) or (value.lstrip("-+").isdigit() and len(value) < 4 and not quoted):
        return False
    return quoted or value.lower().rstrip(".,;:!?") not in _PROSE


def _medium(value: str) -> bool:
    size = len(value)
    if value.isdigit():
        return size >= 12
    if size < LEAST:
        return False
    if noisy(value, 0.3 if size < 12 else 0.16) or _symbols(value) >= 3:
        return True
    return size >= 16 and any(map(str.isdigit, value)) and noisy(value, 0.1)


def _weak(value: str, *, alone: bool) -> bool:
    if (
        uuid_like(value)
        or len(value) < (12 if alone else LEAST_RANDOM)
        or (alone and compiled(_CACHE_KEY).fullmatch(value))
    ):
        return False
    if plain_hex(value):
        return len(value) >= 32 and not value.isdigit()
    return random_looking(value, 12, 0.33)


def fits_text(
    verdict: Verdict, value: str, kind: str, *, quoted: bool, alone: bool = False, more: bool = False
) -> bool:
    """Tell whether a value is what a name of this verdict promises.

    Args:
        verdict: of the name.
        value: the text that may be the secret.
        kind: how name and value are joined, assign, colon (and a blank), comma, call, pair, dash or space.
        quoted: the value stands in quotes.
        alone: the name is a bare word such as `key` or `token`, without anything that says whose.
        more: other words stand between the name and what assigns.
    """
    value = value[:256].strip()  # what is random there is random
    if verdict == PASSWORD and not (kind == "space" and not quoted):
        return _password(value, kind, quoted=quoted, more=more)
    if placeholder(value):
        return False
    if kind == "space" and not quoted:
        return _after_a_blank(verdict, value)
    if not quoted and (compiled(_CODE).match(value) or (verdict < STRONG and compiled(_PRINTED).match(value))):
        return False
    if verdict == STRONG:
        return not path(value) and _strong(value, kind, quoted=quoted, more=more)
    if compiled(_FINGERPRINT).match(value) or (
        value.startswith(("/", "./", "../", "~/", "http://", "https://", "file:"))
        and not random_looking(value, 40, 0.4)
    ):
        return False
    if verdict == WEAK and "://" in value:
        return False
    if " " in value:
        if _symbols(value) >= 6 and noisy(value, 0.25) and any(map(str.isdigit, value)):
            return True
        pieces = value.split()
        return len(pieces) <= 3 and any(
            fits_text(verdict, piece, kind, quoted=quoted, alone=alone) for piece in pieces if len(piece) >= 16
        )
    return looks_secret(verdict, value, alone=alone)


def looks_secret(verdict: Verdict, value: str, *, alone: bool) -> bool:
    """Tell whether a word is what a name of a verdict below STRONG promises, by nothing but how random it looks."""
    if len(value) <= _LONGEST_NUMBER and compiled(_HEX_NUMBER).fullmatch(value):
        return False
    return _medium(value) if verdict == MEDIUM else _weak(value, alone=alone)


def _after_a_blank(verdict: Verdict, value: str) -> bool:
    """A value that nothing but a blank joins to its name: it must look random, and no id."""
    if plain_hex(value):
        return verdict >= MEDIUM and len(value) >= 24
    if uuid_like(value):
        return verdict >= STRONG
    return random_looking(value, 10 if verdict >= STRONG else 16, 0.42)


def harmless(value: str, verdict: Verdict, name: str) -> bool:
    """Tell whether a value under a secret name hides nothing: a template, a mask, a key's file, the folder of `PWD`.

    Args:
        value: what stands under the name.
        verdict: the verdict on the name.
        name: the name.
    """
    if verdict == PASSWORD:
        return exact_placeholder(value) or value.lower() in _NOTHING or is_folder(name, value)
    return placeholder(value) or path(value)


def fits(verdict: Verdict, value: str) -> bool:
    """Tell whether a value under a name of its own (a mapping's key) is what the verdict promises."""
    return fits_text(verdict, value, "assign", quoted=True)


def fits_held(value: str, *, quoted: bool) -> bool:
    """Tell whether a value that a structure holds under a secret name is one: `true` is none."""
    return value.lower() not in _SETTINGS and fits_text(STRONG, value, "assign", quoted=quoted)


def fits_in_crowd(value: str, *, quoted: bool = True) -> bool:  # noqa: ARG001 - as those that judge
    """Tell whether a value under a name is hidden where a text has too many of them to judge each: all but short words."""
    return len(value) > _SHORTEST and value.strip().lower() not in _SETTINGS
