"""Secrets that a text holds in base64 or hexadecimal: what is encoded is read, and is a secret when it holds one."""

from base64 import b64encode
from typing import Final

from narration_core.redaction._decoding import decoded, hints
from narration_core.redaction._rule import Rule

_NAMES: Final = (
    "password passwd passphrase secret token api_key apikey api-key apiKey accesskey access_key accessKey private_key privateKey "
    "credential authorization bearer cookie connectionstring"
).split()
_STARTS: Final = (
    "postgres: postgresql: mysql: mongodb redis: amqp: https:// ghp_ gho_ ghs_ github_pat_ glpat- xoxb- xoxp- sk_live_ sk-ant- sk-proj- AKIA npm_ dop_v1_"
).split()


def _written(plain: str) -> str:
    return b64encode(plain.encode()).decode()


RULES: Final[tuple[Rule, ...]] = (
    Rule(
        name="encoded",
        pattern=r"(?:(?<![A-Za-z0-9+/])|(?<=\b0x))(?P<s>(?:[A-Za-z0-9+/]{40,128}\r?\n[ \t]{0,16}){0,400}+[A-Za-z0-9+/_\-]{12,16000}+={0,2}+)",
        literals=hints([form for name in _NAMES for form in {name, name.capitalize(), name.upper()}], 6)
        + hints(_STARTS, 5),
        inner=decoded,
        examples=(
            "payload " + _written('{"user": "ann", "password": "t1n-whistle"}'),
            "env:" + _written("DB_PASSWORD=gr3en.leaf"),
            "sent " + b"api_key=n1ght.train".hex() + " on",
            "-EncodedCommand " + b64encode("$password = 'bl4ck-tea'".encode("utf-16-le")).decode(),
        ),
        counterexamples=(
            "body " + _written('{"token_count": 12, "max_tokens": 512}'),
            _written("the password must be changed"),
        ),
        source="RFC 4648",
    ),
)
