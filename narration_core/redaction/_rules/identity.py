"""Services that say who somebody is, and give keys to others."""

from typing import Final

from narration_core.redaction._checks import random_looking
from narration_core.redaction._rule import Rule, made_up, prefixed

RULES: Final[tuple[Rule, ...]] = (
    prefixed(
        "onfido-token",
        "api_live. api_sandbox. api_live_us. api_live_ca.",
        least=24,
        body=r"[\w.\-]",
        source="Onfido documentation, API tokens",
    ),
    prefixed("persona-key", "persona_production_ persona_sandbox_", least=30, source="Persona documentation, API keys"),
    prefixed(
        "authress-key",
        "sc_ ext_ scauth_ authress_",
        least=20,
        body=r"[\w.\-]",
        edge=r"(?<![\w])",
        shapes=(r"(?:sc|ext|scauth|authress)_[a-z0-9]{5,30}\.[a-z0-9]{4,6}\.(?:acc[_\-])?[a-z0-9\-]{10}",),
        examples=(
            "sc_q7zk2xw9lr.4tn8.acc-vb3mc6jd1p." + made_up(40, 2),
            "key ext_xw9lr4tn8v.b3mc.acc_6jd1ph5gs0." + made_up(40, 4),
        ),
        source="Authress documentation, service client access keys",
    ),
    prefixed(
        "okta-token",
        "00",
        least=38,
        most=40,
        body=r"[\w\-=]",
        edge=r"(?<![\w\-])",
        shapes=(r"00[\w\-]{38}",),
        check=lambda v: (
            len(v) in {40, 41, 42}
            and not v.startswith("00-")  # traceparent
            and random_looking(v, 40, 0.4)
            and any(c.isupper() for c in v)
            and any(c.islower() for c in v)
        ),
        examples=("00q7Zk2Xw9Lr4Tn8Vb3Mc6Jd1Ph5Gs0FyQ4uK8eA2i", "SSWS 00Xw9Lr4Tn8Vb3Mc6Jd1Ph5Gs0FyQ4uK8eA2iB6o"),
        source="Okta documentation, API tokens",
    ),
    prefixed(
        "stytch-key",
        "secret-test- secret-live- public-token-test- public-token-live-",
        least=20,
        source="Stytch documentation, secrets",
    ),
    prefixed(
        "descope-key",
        "K2",
        least=60,
        body=r"[A-Za-z0-9]",
        edge=r"(?<![\w])",
        shapes=(r"K2[A-Za-z0-9]{60}",),
        check=lambda v: random_looking(v, 60, 0.4),
        source="Descope management keys",
    ),
    prefixed(
        "ory-token",
        "ory_at_ ory_st_ ory_pat_ ory_rt_ ory_ac_ ory_wak_",
        least=20,
        body=r"[\w.\-]",
        source="Ory documentation, token formats",
    ),
    prefixed("unkey-key", "unkey_", least=20, source="Unkey documentation, root keys"),
)
