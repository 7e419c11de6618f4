"""What a found text must also satisfy: checksums, randomness, not being a placeholder."""

import operator
import re
import string
from functools import cache
from typing import Final

_NO_SEPARATORS: Final = str.maketrans("", "", " .-")
_LUHN: Final = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)

# Issuer ranges (ISO/IEC 7812) with the lengths they use.
_CARD: Final = re.compile(
    r"4(?:\d{12}|\d{15}|\d{18})"
    r"|5[1-5]\d{14}|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)\d{12}"
    r"|3[47]\d{13}|3(?:0[0-5]|09|[689]\d)\d{11,13}|35(?:2[89]|[3-8]\d)\d{12}"
    r"|6(?:011|4[4-9]\d|5\d\d)\d{12,15}|62\d{14,17}"
    # Air travel; not those that start like the address of a thread.
    r"|1[0-25-9]\d{13}"
    r"|(?:5018|5019|5020|5038|5612|5893|6304|6759|676[1-3])\d{8,15}"
)

# Length of an IBAN by country (SWIFT IBAN registry).
_IBAN_LENGTHS: Final = {
    code: length
    for length, codes in {
        15: "NO",
        16: "BE",
        18: "DK FI FO GL NL SD FK",
        19: "MK SI",
        20: "AT BA EE KZ LT LU XK MN",
        21: "CH HR LI LV",
        22: "BG BH CR DE GB GE IE ME RS VA",
        23: "AE GI IL IQ OM TL SO",
        24: "AD CZ ES MD PK RO SA SE SK TN VG",
        25: "PT LY",
        26: "IS TR",
        27: "FR GR IT MC MR SM BI DJ",
        28: "AL AZ CY DO GT HU LB PL BY SV NI",
        29: "BR EG PS QA UA",
        30: "JO KW MU",
        31: "MT SC",
        32: "LC",
        33: "RU",
    }.items()
    for code in codes.split()
}


def luhn(digits: str) -> bool:
    """Tell whether digits end in their Luhn check digit (ISO/IEC 7812-1)."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        total += _LUHN[int(digit)] if place % 2 else int(digit)
    return total % 10 == 0


def card(text: str) -> bool:
    """Tell whether text is a payment card's number: issuer, length, Luhn, not one digit over and over."""
    digits = text.translate(_NO_SEPARATORS)
    return _CARD.fullmatch(digits) is not None and len(set(digits)) > 1 and luhn(digits)


def iban(text: str) -> bool:
    """Tell whether text is an IBAN: the country's length and mod 97 (ISO 13616)."""
    compact = text.translate(_NO_SEPARATORS).upper()
    if _IBAN_LENGTHS.get(compact[:2]) != len(compact):
        return False
    return int("".join(str(int(char, 36)) for char in compact[4:] + compact[:4])) % 97 == 1


_PLACEHOLDER: Final = r"""(?ix)
    \[?(?:redacted|filtered|masked|hidden|removed|scrubbed|censored)(?::[:\w.\-]{0,80})?\]?   # somebody was here before
    | [*x.•_\-#?0]{1,200} | x{3,40}[\w\-]{0,8}                                                   # *****, xxxx, ....
    | <[^<>]{0,80}>? | \[[a-z _\-]{0,40}\]                                                        # <password>, [PASSWORD]
    | (?:vault|op|ssm|sm|env|file|ref):[\w./#\-]{1,120}                                                # where it is kept
    | @@\w{1,60}@@ | __\w{1,60}__ | (?-i:[A-Z][a-z]{1,20}(?:[ ][A-Za-z',\-]{1,20}){2,20}\.)                   # a sentence
    | %\(\w{1,40}\)[a-z] | ![A-Za-z]{2,24} | \((?:sensitive|known|hidden|redacted|none|not|empty|unchanged|null|unset)\b[^()]{0,40}\)?
    | \d{1,4}(?:\.\d{1,4}){1,3}                                                                       # 3.3.3
    | \$\{?[\w.:\-?=$/]{0,120}\}? | \$\([^()]{0,120}\)? | %[\w]{1,40}%? | \{\{?[^{}]{0,120}\}?\}? | @\{[^{}]{0,80}\}
    | `[^`]{0,120}`?
    | (?:true|false|yes|no|on|off|null|nil|none|undefined|unset|empty|default|n/?a|nan|required|optional|missing
        |enabled|disabled|changed|invalid|expired|incorrect|wrong|accepted|rejected|failed|ok|okay|valid|unknown|present|absent
        |include|omit|same-origin)
    | (?:dummy|example|sample|placeholder|todo|tbd|fixme|bearer|basic|digest|negotiate|token|password|passwd|secret|apikey|api[_\-]key)
    | (?-i:[A-Z]{2,20}_)*(?:TOKEN|KEY|SECRET|PASSWORD|HERE)
    | (?:str|string|bytes|int|integer|bool|boolean|object|any|void|array|list|dict|number|char|text)
    | Secret(?:Str|Bytes|String) | [A-Z]?[a-z]{2,12}(?:Field|Input|Type)
    | (?:your|my|the|some|an?)[_\-\s][\w\-\s]{0,60}(?:here|token|key|secret|password)
    | (?:change|replace|fill)[_\-]?(?:me|this|it|in)?
    | (?:process\.env|os\.environ|os\.getenv|getenv|env|var|local|data|module|config|settings|self|this|secrets|args|options|opts|params|props|request|req|ctx)
      [.\[(][\w.\[\]"'()\-$]{0,200}
    """


@cache
def _placeholder() -> re.Pattern[str]:
    return re.compile(_PLACEHOLDER)  # on first use: most processes never need it


_FOUR_DIGITS: Final = re.compile(r"(?:[^0-9]{0,4096}+[0-9]){4}").match


def placeholder(value: str) -> bool:
    """Tell whether a value stands for a secret without being one: a template, a mask, `null`."""
    if not value:
        return True
    # Most values are none: several digits after a letter, nothing that calls or subscripts.
    if (
        value[0].isalnum()
        and len(value) > 7
        and _FOUR_DIGITS(value) is not None
        and "(" not in value
        and "[" not in value
    ):
        return value[0] in "0x" and _placeholder().fullmatch(value) is not None
    return _placeholder().fullmatch(value) is not None


# What stands where a secret will be or was: a variable, a template, a mask.
_EXACT: Final = r"""(?x)
    \$[A-Z_][A-Z0-9_]* | \$\d{1,3} | [$:@](?i:[a-z_]*(?:pass|pwd|secret|token|key)[a-z_]*) | \$\{[^{}]*\} | \$\([^()]*\) | \$\{\{[^{}]*\}\} | \{\{[^{}]*\}\} | \{%[^{}]*%\} | \{\w*\} | \#\{[^{}]*\}
    | <[^<>]*> | %\w+% | %\(\w+\)[a-z] | %[a-z] | @@\w+@@ | @\{[^{}]*\} | \?
    | \*+ | [•●∙·]+ | \.{3,} | x{3,} | X{3,} | -+ | _+ | \#+ | \?+ | …+
    | \[?(?i:redacted|filtered|masked|hidden|removed|scrubbed|censored)(?::[:\w.\-]{0,80})?\]? | \[[A-Z_ \-]+\]
    | (?:op|vault|ssm|awssm|gcpsm|secretsmanager)://[\w./\-]+ | !(?:vault|secret|encrypted|Ref|Sub|GetAtt|ImportValue|env|include|reference)\b.* | !!\w{2,24} | vault:[\w./\-]+\#\w+ | \((?i:null|none|empty|hidden|sensitive|not|unset|unchanged|known)\b[^()]*\)?
    """


# Options of a command that start like `-p` with its value behind it: `-port`, `-print-defaults`, `-protocol=tcp`.
_OPTIONS_WITH_P: Final = frozenset(
    (
        "package page pager pages parallel parameter parameters params parents parse partial passive patch path paths pattern pause pem "
        "percent perf period persist phase pid pidfile ping pipe pipeline plain plan platform play plugin plugins pod point policy poll pool "
        "port ports position post pre prefer prefix preserve pretty prev preview primary print printer priority private problem process prod "
        "production profile profiles progress project prompt properties property proto protocol provider proxy prune public publish pull purge push"
    ).split()
)
_OPTION: Final = re.compile(r"([a-z]+)(?:-[a-z]+)*(?:[=:].*)?", re.DOTALL)


def of_longer_option(value: str) -> bool:
    """Tell whether what stands behind `-p` is the rest of another option: `-pager`.

    Args:
        value: the text directly behind `-p` or `-P`.
    """
    option = _OPTION.fullmatch(f"p{value}")
    return option is not None and option[1] in _OPTIONS_WITH_P


NO_TERM: Final = r"(?!(?:sha|md|base|utf|ipv|pbkdf|argon|bcrypt|scram|oauth|auth|http|ssh|tls|rfc|aes|v\d|x\d|k8s|win|min|max|id|uuid|jwt|hs\d|rs\d|es\d)[\w\-]{0,16})"
"""For the start of a value: not the name of an algorithm or of a document, which have digits as well."""
_MIXED_CASE: Final = re.compile(
    rf"(?i:{NO_TERM})(?=[^\d]{{0,64}}\d)(?=[^a-z]{{0,64}}[a-z])(?=[^A-Z]{{0,64}}[A-Z])[^\s/:=(){{}}\[\]<>|,;\"'`]{{8,64}}"
)


def mixed_case(value: str) -> bool:
    """Tell whether a value is one word with digits, small and capital letters: no word of a sentence, nor a name in code.

    Args:
        value: the text to judge.
    """
    return _MIXED_CASE.fullmatch(value) is not None and not value.isalnum()


_SIGNS: Final = frozenset("!@#$%^&*+?~")
# A digit inside a word; 2 and 4 are words themselves: env2vault.
_INSIDE_A_WORD: Final = re.compile(r"[A-Za-z][013-9][A-Za-z]|(?<![A-Za-z]{2})[A-Za-z]2[A-Za-z]")
# Names of things, numbers and dates, terms, constants, names in code.
_NAMED: Final = re.compile(
    r"(?i:(?:sha|md|base|utf|ipv|pbkdf|argon|bcrypt|scrypt|scram|o?auth|https?|ssh|tls|ssl|rfc|aes|hmac|pkcs|k8s|i18n|l10n|s3|ec2|u2f|log4j)[\d_\-.#]?[\w\-]{0,24}"
    r"|[a-z]{1,16}[_\-]?\d{1,10}[a-z]?(?:[._\-]\d{1,10}){0,3}|\d{1,4}(?:[\-./:T]\d{1,4}){1,6}.{0,12}|(?:0x)?[0-9a-f]{6,128})"
    r"|[A-Z0-9_\-]{1,64}|[a-z0-9]{1,16}(?:[_.][a-z0-9]{1,24}){1,8}|\d{1,12}(?:[.,]\d{1,9})?[A-Za-z%]{1,6}"
)
_ALGORITHM: Final = re.compile(
    r"(?i)(?:sha|md|aes|pkcs|hmac-?sha)[\-#]?\d{1,3}(?:[\-_](?:\d{1,3}|gcm|cbc|ctr|ccm)){0,3}"
)
_NOT_IN_ONE: Final = frozenset("/\\()[]{}<>=:|,;\"'`")


def algorithm(value: str) -> bool:
    """Tell whether a word names how something is hashed, encrypted or stored: SHA256, PKCS#12.

    Args:
        value: a word.
    """
    return _ALGORITHM.fullmatch(value) is not None


def typed(value: str) -> bool:
    """Tell whether a word is what only a password looks like: no name, number, version, date, path or term of a sentence.

    Args:
        value: a word; what ends a sentence is no part of it.
    """
    value = value.rstrip(".,;:!?)") if value[-1:] in ".,;:)" else value
    if not 6 <= len(value) <= 64 or not value.isascii() or not _NOT_IN_ONE.isdisjoint(value):
        return False
    if not (any(map(str.isdigit, value)) and any(map(str.isalpha, value))) or _NAMED.fullmatch(value):
        return False
    inside = value[:-1] if value[-1] in "?%" else value
    return (
        not _SIGNS.isdisjoint(inside[1:])
        or _INSIDE_A_WORD.search(value) is not None
        or mixed_case(value)
        or noisy(value, 0.45)
    ) and not placeholder(value)


# Letters that it may start with; no digit does.
_EXACT_STARTS: Final = frozenset("xXrRfFmMhHsScCovag")


@cache
def _exact() -> re.Pattern[str]:
    return re.compile(_EXACT)


def exact_placeholder(value: str) -> bool:
    """Tell whether a value is exactly a placeholder: `$NAME`, `${...}`, `{{...}}`, `<...>`, `***`, nothing."""
    if value and value[0].isalnum() and value[0] not in _EXACT_STARTS:
        return False
    return not value or _exact().fullmatch(value[:512]) is not None


_CLASS_OF: Final = str.maketrans(
    string.ascii_lowercase + string.ascii_uppercase + string.digits, "a" * 26 + "A" * 26 + "0" * 10
)
_UUID: Final = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")
_HEX: Final = re.compile(r"[0-9a-f]+|[0-9A-F]+")

# The letter pairs that make up most English text and most names in code.
_COMMON_PAIRS: Final = frozenset(
    (
        "th he in er an re on at en nd ti es or te of ed is it al ar st to nt ng se ha as ou io le ve co me de hi ri "
        "ro ic ne ea ra ce li ch ll be ma si om ur ca el ta la ns di fo ho pe ec pr no ct us ac ot il tr ly nc et ut "
        "ss so rs un lo wa ge ie wh ee wi em ad ol rt po we na ul ni ts mo ow pa im mi ai sh ir su id os iv ia am fi "
        "ci vi pl ig tu ev ld ry mp fe bl ab gh ty op wo sa ay ex ke fr oo av ag if ap gr od bo sp rd do uc bu ei ov "
        "by rm ep tt oc fa ef cu rn sc gi da yo cr cl du ga qu ue ff ba ey ls va um pp ua up lu go ht ru ug ds lt pi "
        "rc rr eg au ck ew mu br bi pt ak pu ui rg ib tl ny ki rk ys ob mm fu ph og ms ye ud mb ip ub oi rl gu dr hr "
        "cc tw ft wn nu af hu nn eo vo rv nf xp gn sm fl iz ok nl my gl aw ju oa eq sy sl ps jo lf nv je nk kn gs dy "
        "hy ze ks xt bs ik dd pt nd rp ky xi lp cy lk ey key api url log src tmp dev"
    ).split()
)


def uuid_like(value: str) -> bool:
    """Tell whether a value is a UUID, an id in most logs."""
    return _UUID.fullmatch(value) is not None


def plain_hex(value: str) -> bool:
    """Tell whether a value is hexadecimal in one case: a hash or an id in most logs."""
    return _HEX.fullmatch(value) is not None


def noise(value: str) -> float:
    """Return how much a value reads like random characters: below 0.3 words, above 0.5 a machine made it.

    Three things make noise: switches between digits and letters, switches of case, and pairs of letters that words
    do not have. Each is counted against the number of letters and digits.
    """
    characters, switched, digits = _switched(value)
    if characters < 2 or digits == characters:
        return switched
    return switched + _unusual(value) / characters


def noisy(value: str, threshold: float) -> bool:
    """Tell whether `noise` reaches a threshold; most random text does by its switches alone, which are counted faster.

    Args:
        value: the text to judge.
        threshold: how much noise it takes.
    """
    characters, switched, digits = _switched(value)
    if switched >= threshold or characters < 2 or digits == characters:
        return switched >= threshold
    return switched + _unusual(value) / characters >= threshold


def _switched(value: str) -> tuple[int, float, int]:
    """Return the number of letters and digits, the noise that switches between their kinds make, the number of digits."""
    count = value.translate(_CLASS_OF).count
    digits = count("0")
    characters = digits + count("a") + count("A")
    if characters < 2:
        return characters, 0.0, digits
    switches = 1.6 * (count("a0") + count("0a") + count("A0") + count("0A")) + count("aA") + 0.6 * count("AAa")
    return characters, switches * 1.25 / characters, digits


def _unusual(value: str) -> float:
    """Return how many pairs of letters words do not have, but for those that any word may have, weighed."""
    lowered = value.lower()
    letters = list(filter(str.isalpha, map(operator.add, lowered, lowered[1:])))
    pairs = len(letters)
    strange = pairs - sum(map(_COMMON_PAIRS.__contains__, letters))
    return max(0.0, strange - pairs * 0.12) * 1.6


def random_looking(value: str, least: int = 16, threshold: float = 0.4) -> bool:
    """Tell whether a value looks machine-made: long enough and more noise than words.

    Args:
        value: the text to judge.
        least: fewest characters, so that a short id is never taken.
        threshold: how much `noise` it takes.
    """
    return len(value) >= least and noisy(value, threshold)
