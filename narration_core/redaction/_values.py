"""Whether a value is what its name promises: any text, no mere word, or random characters."""

from typing import Final

from narration_core.redaction._checks import noise, placeholder, plain_hex, random_looking, uuid_like
from narration_core.redaction._rule import compiled
from narration_core.redaction._secret_names import Verdict

# Words that follow a name in prose: "password: must be", "token is expired".
_PROSE: Final = frozenset(
    (
        "a all an and any are as at be because been before but by can cannot changed contains could did do does expired "
        "failed for from had has have if in incorrect into invalid is it its lasts length may mismatch missing must "
        "needs never no none not of on only or please provided refreshed rejected required reset rotated rotation "
        "seems set should since that the their then this to too until updated used using validation via was were when "
        "which while will with without would you your"
    ).split()
)

# A call, an index, a keyword of a language: code that gets a secret, not the secret.
_CODE: Final = (
    r"(?:[A-Za-z_$][\w$]*(?:(?:\.|->|::)[A-Za-z_$][\w$]*)*(?:\(|\[[\w\"'])"
    r"|(?:new|await|async|func|function|lambda|return|not|self|this)\b)"
)


# The key of a cache, told by what it is for and a hash: `linux-pip-4f...`.
_CACHE_KEY: Final = r"[a-z][a-z0-9._]{0,40}(?:[\-:/][a-z0-9._]{1,40}){0,6}[\-:/][0-9a-f]{7,64}"
_FINGERPRINT: Final = r"(?:[0-9A-Fa-f]{2}:){5,40}[0-9A-Fa-f]{2}"


def _symbols(value: str) -> int:
    return sum(char in "!@#$%^&*(){}[]~|<>?+" for char in value)


def _strong(value: str, kind: str, *, quoted: bool, more: bool) -> bool:
    if kind == "space" and value.islower() and not any(map(str.isdigit, value)):
        return False  # secret "db-main": its name
    if kind in {"comma", "call", "dash", "space", "cell"} or (more and not quoted):
        return noise(value) >= 0.25 or _symbols(value) >= 2 or random_looking(value, 8, 0.3)
    if (kind == "pair" and len(value) < 4) or (value.isdigit() and len(value) < 4 and not quoted):
        return False
    return quoted or value.lower().rstrip(".,;:!?") not in _PROSE


def _medium(value: str) -> bool:
    size = len(value)
    if value.isdigit():
        return size >= 12
    if size < 8:
        return False
    level = noise(value)
    if level >= (0.3 if size < 12 else 0.16) or _symbols(value) >= 3:
        return True
    return size >= 16 and level >= 0.1 and any(char.isdigit() for char in value)


def _weak(value: str, *, alone: bool) -> bool:
    if uuid_like(value) or len(value) < (12 if alone else 10) or (alone and compiled(_CACHE_KEY).fullmatch(value)):
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
        kind: how name and value are joined, assign, comma, call, pair, dash or space.
        quoted: the value stands in quotes.
        alone: the name is a bare word such as `key` or `token`, without anything that says whose.
        more: other words stand between the name and what assigns.
    """
    value = value[:256].strip()  # what is random there is random
    if placeholder(value):
        return False
    if kind == "space" and not quoted:
        return _after_a_blank(verdict, value)
    if not quoted and compiled(_CODE).match(value):
        return False
    if verdict is Verdict.STRONG:
        return _strong(value, kind, quoted=quoted, more=more)
    if compiled(_FINGERPRINT).match(value) or (
        value.startswith(("/", "./", "../", "~/", "http://", "https://", "file:"))
        and not random_looking(value, 40, 0.4)
    ):
        return False
    if " " in value:
        if _symbols(value) >= 6 and noise(value) >= 0.25 and any(map(str.isdigit, value)):
            return True
        pieces = value.split()
        return len(pieces) <= 3 and any(
            fits_text(verdict, piece, kind, quoted=quoted, alone=alone) for piece in pieces if len(piece) >= 16
        )
    return _medium(value) if verdict is Verdict.MEDIUM else _weak(value, alone=alone)


def _after_a_blank(verdict: Verdict, value: str) -> bool:
    """A value that nothing but a blank joins to its name: it must look random, and no id."""
    if plain_hex(value):
        return verdict >= Verdict.MEDIUM and len(value) >= 24
    if uuid_like(value):
        return verdict is Verdict.STRONG
    return random_looking(value, 10 if verdict is Verdict.STRONG else 16, 0.42)


def harmless(value: str) -> bool:
    """Tell whether a value under a secret name hides nothing: empty, a template, a mask."""
    return placeholder(value)


def fits(verdict: Verdict, value: str) -> bool:
    """Tell whether a value under a name of its own (a mapping's key) is what the verdict promises."""
    return fits_text(verdict, value, "assign", quoted=True)
