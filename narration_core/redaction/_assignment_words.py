"""Words of names that may have a secret as their value, each with what must follow it to be worth a look."""

import re
from typing import Final, NamedTuple

from narration_core.redaction._engines import lower_ascii
from narration_core.redaction._provider_names import PROVIDERS
from narration_core.redaction._secret_words import foreign_spellings


class Keyword(NamedTuple):
    """A word that occurs in names of secrets, and what must follow it to be worth a look."""

    word: str
    shape: str
    """A simple pattern (no assertions) that matches wherever a name with this word may have a value."""


# What may stand between a word and its value, at least the start of it.
_ASSIGNED: Final = r"[\"'`\])>]{0,4}(?:\s{0,24}[:=,;<>!?(]|[ ]?[\t|]|\s+[\"']?value|[ ]\{)"

_IS: Final = r"\s(?:is|es|est|ist|är|er|é|è|je|jest|lautet|to) [!-~]{6}"

_ANYWHERE: Final = (
    "passw passphrase passcode secret credential pword pswd psswd pasword psword pswrd seed_phrase seedphrase apikey api_key api-key accesskey access_id accessid access-id "
    "privatekey mnemonic connectionstring softlayer requirepass masterauth sshpass "
    "connection_string connection-string code_verifier samlresponse samlrequest connect.sid sessionid_ aspsessionid keymaterial database_url verifier keyfile_json conn_str remember-me rememberme wordpress_logged_in pwrd pa55w dockerconfigjson phpsessid jsessionid asp.net_sessionid"
)
_PHRASES: Final = ("pass phrase", "pass word", "pass code")
_WITH_TAIL: Final = "auth pwd cred"
_SHORT_TAIL: Final = "bearer jwt login hmac"
_DIRECTLY: Final = "psw psk passe otp pin cvv cvc ssn sig salt pw dsn session signature license serial nonce hook pat crumb csrf xsrf passfile"

# A code, an answer, a phrase, an address is a secret by what stands before it.
_ARROW: Final = r"\s{1,2}(?:-{1,2}>|~>|→)"

_OPENERS: Final = "pin|otp|totp|mfa|2fa|sms|security|verification|verify|recovery|backup|activation|unlock|door|access|reset|login|confirm|confirmation|auth|one.?time|device|invite|gate|alarm|entry|scratch|vault"
_QUALIFIED: Final = (
    ("code", r"code[\"']?\s?[=:]\s?[\"']?[\w\-./%+]{20}"),
    ("assertion", r"assertion[\"']?\s?[=:]\s?[\"']?[\w\-./%+=]{20}"),
    ("code", rf"(?:{_OPENERS})[_\-. ]?codes?(?:{_ASSIGNED}|{_ARROW})"),
    ("code", rf"--(?:{_OPENERS})[_\-]?codes? [!-~]{{4}}"),
    ("answer", rf"(?:security|secret)[_\-. ]?answers?(?:{_ASSIGNED}|{_ARROW})"),
    ("phrase", r"(?:seed|recovery|secret|backup|wallet|mnemonic)[_\-. ]?phrase" + _ASSIGNED),
    ("cookie", r"(?:session|auth|login|secret|remember)[_\-. ]?cookie" + _ASSIGNED),
    ("link", r"(?:reset|magic|activation|verification|login|sign_?in|confirmation|invite)[_\-]?link" + _ASSIGNED),
    ("seed", r"(?:totp|otp|wallet|mnemonic)[_\-. ]?seed" + _ASSIGNED),
)

KEYWORDS: Final[tuple[Keyword, ...]] = (
    *(Keyword(word, word) for word in (*_ANYWHERE.split(), *_PHRASES)),
    *(Keyword(word, shape) for word, shape in _QUALIFIED),
    *(
        Keyword(
            word,
            word
            if len(word.encode()) > 6
            else re.escape(word) + rf"[\w]{{0,4}}(?:{_ASSIGNED}|{_IS}| [!-~]{{0,32}}[0-9])",
        )
        for word in sorted({lower_ascii(spelling) for spelling in foreign_spellings()})
    ),
    # `tokens_in` and `identity: token:1a2b3c` stand in every event of a model server.
    # Nor is a small number under that name one: `prompt_tokens=512`.
    Keyword(
        "token",
        r"token(?:[^s:]|s[^_\"a-z.,) =:]|s(?:=|: ?)(?:[^0-9 ]|[0-9]{1,6}(?:[^0-9\s)\]};\"',.]|[,.]\S)|[0-9]{7})"
        r"|:[^0-9a-f]|:[0-9a-f]{0,6}[g-z_\-]|:[0-9a-f]{7})",
    ),
    Keyword("key", r"key[0-9]{0,2}[^a-z0-9]"),
    *(Keyword(word, word + r"[\w\-]{0,24}" + _ASSIGNED) for word in _WITH_TAIL.split()),
    *(Keyword(word, word + r"[\w\-]{0,8}" + _ASSIGNED) for word in _SHORT_TAIL.split()),
    *(Keyword(word, word + r"(?:_secure|_plain)?" + _ASSIGNED) for word in _DIRECTLY.split()),
    # `(sid:2 cport:-1)` stands in every line of a coordination service.
    Keyword("sid", r"sid[\"'`\])>]{0,4}\s{0,2}[=:,]\s{0,2}[\"'`]{0,3}[\w\-.%+/]{8}"),
    *(Keyword(word, word + " (?:is|was|set|for) ") for word in ("pwd", "pass", "pw")),
    Keyword("pwd", r"pwd [\w!@#$%^&*\-]{8}"),
    # A blank joins only what is a password by its looks.
    *(Keyword(word, rf"{word}(?: {{1,16}}| ?[/#~>.]{{1,40}}:? )[!-~]{{1,24}}[0-9]") for word in ("pwd", "pw", "psk")),
    Keyword("pass", r"pass(?: {1,16}| ?[/#~>.]{1,40}:? )[!-~]{1,24}[0-9][!-~]"),
    Keyword("pass", r"-pass [!-~]{4}"),
    # What sets a variable of that name: `#define DB_PASS x`, `ENV SMTP_PWD x`; and what a file of settings says: `pass "x"`.
    *(
        Keyword(word, shape.format(word))
        for word in ("pass", "pwd", "pw", "psk", "cred")
        for shape in (
            r"(?:define|env|arg|set) [\w.\-]{{0,24}}{}[\w\-]{{0,12}} [!-~]{{4}}",
            r"{} string = [\"']",
        )
    ),
    *(Keyword(word, word + r" [\"'][!-~]{6}") for word in ("pass", "pwd", "pw")),
    # Longer forms are `auth`'s, with a tail.
    Keyword("authorization", r"authorization(?: ?(?:is|to|was|as|-{1,2}>?|~>|→))? [!-~]{0,24}[0-9\"'`]"),
    # What joins short words to values alone: an option and its value, an arrow, "set DB_PASS to ...".
    *(
        Keyword(word, shape.format(word))
        for word in ("pass", "pwd", "pw", "psk")
        for shape in (
            r"--[\w\-]{{0,24}}{} [!-~]{{4}}",
            r"{}[\"'`]?\s{{1,2}}(?:-{{1,2}}>|~>|→) [!-~]{{4,24}}[0-9]",
            r"_{} to [!-~]{{4}}",
        )
    ),
    Keyword("pass", r"pass(?:[_\-][\w\-]{0,16}|[0-9]{1,2})?" + _ASSIGNED),
    *(Keyword(word, word) for word in sorted(PROVIDERS)),
)
