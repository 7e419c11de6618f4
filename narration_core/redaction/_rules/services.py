"""Tokens and objects of services that have a form of their own: tickets, manifests, keys without header, more headers."""

from typing import Final

from narration_core.redaction._checks import noisy, placeholder, plain_hex
from narration_core.redaction._rule import HEX, Rule, made_up, prefixed


def _told(value: str) -> bool:
    return not placeholder(value) and (noisy(value, 0.2) or plain_hex(value))


RULES: Final[tuple[Rule, ...]] = (
    Rule(
        name="kubernetes-secret-object",
        # As JSON, and as the API server sorts it: the data before the kind.
        pattern=r"\"kind\"\s{0,4}:\s{0,4}\"Secret\"[^\x00]{0,300}?\"(?:stringData|data)\"\s{0,4}:\s{0,24}\{(?P<s>[^{}]{8,16384}+)\}|\"(?:stringData|data)\"\s{0,4}:\s{0,24}\{(?P<s>[^{}]{8,16384}+)(?=\}[^{}]{0,200}?\"kind\"\s{0,4}:\s{0,4}\"Secret\")|(?:^|\n)(?:string)?[dD]ata:[ ]{0,4}\r?\n(?P<s>(?:[ ]{1,16}[\w.\-]{1,80}:[ ]{1,4}[^\s{<]{4,16384}+\r?\n){1,40}+)(?=(?:immutable:[^\n]{0,24}\n)?kind:[ ]{0,4}Secret\b)",
        literals=("kind: secret", '"kind": "Secret"', '"kind":"Secret"'),
        check=lambda value: not placeholder(value),
        examples=(
            '{"apiVersion": "v1", "kind": "Secret", "data": {"config": "' + made_up(24, 3) + '"}}',
            "data:\n  config: " + made_up(24, 5) + "\nkind: Secret\n",
        ),
        counterexamples=(
            '{"kind": "Secret", "metadata": {"name": "db"}}',
            '{"data": {"a": "bbbbbbbb"}, "kind": "ConfigMap"}',
        ),
        source="Kubernetes documentation, Secret",
    ),
    Rule(
        name="single-sign-on-ticket",
        pattern=r"(?<![\w\-])(?P<s>(?:ST|TGT|PT|PGT|PGTIOU|LT|OC)-\d{1,9}-[A-Za-z0-9_\-]{20,512}+(?:\.[\w\-]{1,64}){0,4}+)",
        shapes=(r"(?:ST|TGT|PT|PGT|PGTIOU|LT|OC)-[0-9]{1,9}-[A-Za-z0-9_\-]{20}",),
        check=lambda value: noisy(value, 0.25),
        examples=("?ticket=ST-12-" + made_up(24, 3) + "-cas01", "TGT-1-" + made_up(50, 5) + "-cas"),
        counterexamples=("ST-12-the-street-of-the-old-town", "PT-4211-north"),
        source="CAS protocol specification, tickets",
    ),
    Rule(
        name="headerless-private-key",
        pattern=r"(?<![A-Za-z0-9+/=])(?P<s>(?:MII[A-K][A-Za-z0-9+/]{2}IBADANBgkqhkiG9w0BAQEFAASC|MIIB?[A-Za-z0-9+/]{3}(?:AgEA|IBA)[A-Za-z0-9+/]{2}|MHcCAQEE|MHQCAQEE|MIGkAgEBBD|MIHcAgEBBE|MC4CAQAwBQYDK2Vw|MEcCAQAwBQYDK2Vx|MIG[A-Za-z0-9+/]AgEAMB[AM]GByqGSM49|MIGHAgEAMBMG|MIH[A-Za-z0-9+/]AgEAMBAGByqGSM49|b3BlbnNzaC1rZXktdjEAAAAA)(?:[A-Za-z0-9+/]{1,80}=?=?(?:\s{0,24}|\\[nr]){0,4}){1,400}+)",
        literals=(
            "IBADANBgkqhkiG9w0BAQEFAASC",
            "MHcCAQEE",
            "MHQCAQEE",
            "MIGkAgEBBD",
            "MIHcAgEBBE",
            "MC4CAQAwBQYDK2Vw",
            "MEcCAQAwBQYDK2Vx",
            "AgEAMBMGByqGSM49",
            "AgEAMBAGByqGSM49",
            "b3BlbnNzaC1rZXktdjEAAAAA",
        ),
        check=lambda value: len(value) >= 60 and noisy(value[:200], 0.2),
        examples=("MC4CAQAwBQYDK2VwBCIEI" + made_up(43, 3), "key b3BlbnNzaC1rZXktdjEAAAAA" + made_up(70, 5)),
        counterexamples=("MHcCAQEE", "b3BlbnNzaC1rZXktdjEAAAAA is how they start"),
        source="RFC 5208, RFC 5915, RFC 8410 in base64; PROTOCOL.key of OpenSSH",
    ),
    Rule(
        name="service-signature-header",
        pattern=r"(?i)(?<![\w\-])(?:x-honeycomb-team|x-shopify-hmac-sha256|x-hmac-\w{3,12}|(?:cb|ok|kc|bg|x)-(?:access|api)-sign(?:ature)?|x-securitycenter|x-gitee-token|x-aep-signature)[\"']?\s{0,2}[:=,]\s{0,2}[\"']?(?P<s>[\w\-.+/=]{8,512}+)",
        literals=(
            "x-honeycomb-team",
            "-hmac-",
            "-access-sign",
            "-api-sign",
            "x-securitycenter",
            "x-gitee-token",
            "x-aep-signature",
        ),
        check=_told,
        examples=("X-Honeycomb-Team: " + made_up(22, 3), "CB-ACCESS-SIGN: " + made_up(43, 5) + "="),
        counterexamples=("x-honeycomb-team: missing", "X-Shopify-Hmac-Sha256: absent"),
        source="documentation of Honeycomb, Shopify, Coinbase, OKX, KuCoin",
    ),
    Rule(
        name="token-protocol",
        pattern=r"(?i)sec-websocket-protocol[\"']?\s{0,2}[:=,]\s{0,2}[\"']?(?:token|bearer|auth|jwt)[.\-_](?P<s>[\w\-.~+/=%|]{12,4096}+)",
        literals=("sec-websocket-protocol",),
        check=lambda value: noisy(value, 0.2),
        examples=(
            "Sec-WebSocket-Protocol: token." + made_up(24, 3),
            "sec-websocket-protocol: bearer-" + made_up(30, 5),
        ),
        counterexamples=("Sec-WebSocket-Protocol: token.v1", "Sec-WebSocket-Protocol: auth-required-here"),
        source="usual WebSocket servers",
    ),
    Rule(
        name="capability-address",
        pattern=r"(?i)/\((?:[AF]\([\w\-]{20,400}\)){0,2}S\((?P<s>[a-z0-9]{24})\)|/(?:password_resets?|account_activations|email_confirmations)/(?P<s>[\w\-]{20,128}+)(?=/edit|[\s\"'?]|$)|/ical/[^/\s]{1,128}/private-(?P<s>[0-9a-f]{32})|\bhc-ping\.com/(?P<s>[0-9a-f\-]{36}|[\w\-]{20,36})|://(?P<s>eo[a-z0-9]{11,18})\.m\.pipedream\.net|(?<!\w)rtmps?://[^\s/]{1,200}/(?:live2?|app|rtmp)/(?P<s>[\w\-]{12,128}+)|(?<!\w)(?:vmess|ssr)://(?P<s>[A-Za-z0-9+/=_\-]{24,4096}+)",
        literals=(
            "/(s(",
            "/password_reset",
            "/account_activations/",
            "/email_confirmations/",
            "/private-",
            "hc-ping.com/",
            ".m.pipedream.net",
            "vmess://",
            "ssr://",
            "rtmp://",
            "rtmps://",
        ),
        check=lambda value: noisy(value, 0.15) or plain_hex(value),
        examples=(
            "/app/(S(" + made_up(24, 3).lower() + "))/a.aspx",
            "https://hc-ping.com/7c6b5a49-3827-4165-9a0b-c1d2e3f40517",
        ),
        counterexamples=("/password_resets/how-to-choose-a-better-one", "/ical/ann/private-basic.ics"),
        source="documentation of ASP.NET, Rails, Google Calendar, Healthchecks, Pipedream, V2Ray",
    ),
    Rule(
        name="account-and-key",
        # A public name and the secret beside it.
        pattern=r"(?<![A-Za-z0-9])(?:AKIA|ASIA)[A-Z0-9]{16}[\"']?(?:[:,;|]\s{0,2}|\s{1,4})[\"']?(?P<s>[A-Za-z0-9/+]{40})(?![A-Za-z0-9/+=])|(?<![A-Za-z0-9])AC[0-9a-f]{32}(?:[:,;|]\s{0,2}|\s{1,4})(?P<s>[0-9a-f]{32})(?![\w])",
        # Those of the public names alone: what they share costs nothing.
        shapes=(
            r"A(?:KIA|SIA|BIA|CCA|ROA|IDA|GPA|IPA|NPA|NVA|PKA|3T[A-Z0-9])[A-Z0-9]{16}",
            r"(?:SK|AC)[0-9a-fA-Fx]{32}",
        ),
        check=lambda value: noisy(value, 0.2) or plain_hex(value),
        examples=(
            "AC" + made_up(32, 3, hexadecimal=True) + ":" + made_up(32, 5, hexadecimal=True),
            "user AC" + made_up(32, 6, hexadecimal=True) + " " + made_up(32, 8, hexadecimal=True),
        ),
        counterexamples=("AKIAIOSFODNN7EXAMPLE was rotated", "AC" + made_up(32, 3, hexadecimal=True) + " called"),
        source="AWS and Twilio documentation",
    ),
    Rule(
        name="application-key",
        pattern=r"(?<![\w/;,])(?P<s>base64:[A-Za-z0-9+/]{43}=)(?![A-Za-z0-9+/=])|(?<![\w])ed25519:(?P<s>[1-9A-HJ-NP-Za-km-z]{80,90})(?!\w)|(?<![\w.])(?P<s>b\.AAAAAQ[\w\-]{40,512}+)|(?<!\w)(?P<s>CCDB1_\w{20,64}+)",
        literals=("base64:", "ed25519:", "b.AAAAAQ", "CCDB1_"),
        check=lambda value: noisy(value, 0.2),
        examples=(
            "key base64:" + made_up(43, 3) + "=",
            "CCDB1_" + made_up(22, 5) + "_" + made_up(40, 4),
        ),
        counterexamples=("image/png;base64:" + made_up(43, 3) + "=", "ed25519:" + "Short", "b.AAAAAQ"),
        source="documentation of Laravel, NEAR, Vault, CockroachDB Cloud",
    ),
    prefixed(
        "packagist-api-token",
        "packagist_ack_ packagist_acuk_ packagist_acrt_",
        least=64,
        most=68,
        body=HEX,
        source="Packagist documentation, API credentials",
    ),
)
