"""Addresses that open something for whoever has them: links of resets and invitations, signed downloads, connection strings, session cookies."""

from typing import Final

from narration_core.redaction._checks import exact_placeholder, noisy, placeholder, plain_hex, random_looking, uuid_like
from narration_core.redaction._rule import Rule, made_up
from narration_core.redaction._secret_words import SESSION_NAMES


def _opens(value: str) -> bool:
    """A long random value, or a hash that is no id of a resource."""
    return random_looking(value, 16, 0.33) or (plain_hex(value) and len(value) >= 32) or uuid_like(value)


def _hook(value: str) -> bool:
    return random_looking(value, 20, 0.35)


def _given(value: str) -> bool:
    return not placeholder(value)


def _password(value: str) -> bool:
    return not exact_placeholder(value)


_COOKIES: Final = "|".join(sorted((name.replace(".", r"\.") for name in SESSION_NAMES), key=len, reverse=True))

RULES: Final[tuple[Rule, ...]] = (
    Rule(
        name="link-token",
        # What the page does is told by its path; the token is any parameter.
        pattern=r"(?i)/[\w\-/]{0,40}(?:reset|verif|confirm|activat|invit|magic|passwordless|unsubscribe|onetime|one-time|signin-link|accept|set-password|recover|opt-?in|autologin|impersonat)[\w\-/]{0,40}\?(?:[\w.\-]{1,32}=[^\s&\"'<>]{0,256}&){0,8}(?!(?:id|user|uid|email|page|next|redirect|lang|utm_\w{1,16}|ref|v|ts)=)[\w.\-]{1,32}=(?P<s>[\w\-.~%+/=]{16,1024}+)",
        shapes=(
            r"(?:reset|verif|confirm|activat|invit|magic|passwordless|unsubscribe|onetime|one-time|signin-link|accept|set-password|recover|opt-?in|autologin|impersonat)[\w\-/]{0,40}\?[\w.\-]{1,32}=",
        ),
        check=_opens,
        examples=(
            "https://example.org/reset?t=" + made_up(32, 3),
            "mail with /account/verify-email?user=42&h=" + made_up(40, 5, hexadecimal=True),
        ),
        counterexamples=("/reset?step=choose-a-new-password", "/confirm?order=20260102030405060708"),
        source="usual links in mails",
    ),
    Rule(
        name="link-path-token",
        pattern=r"(?i)/(?:reset|reset-?password|password-?reset|password/reset|verify|verify-?email|confirm|confirmation|activate|activation|invite|invitations?|magic|magic-?link|join|accept|unsubscribe|recover|one-?time|set-?password)/(?P<s>[\w\-.~]{16,512}+)|(?i)/(?:reset|confirm|activate|verify)/[A-Za-z0-9_\-]{1,24}/(?P<s>[0-9a-z]{3,8}-[0-9a-f]{20,64})(?![\w\-])",
        shapes=(
            r"/(?:reset|[\w\-]{0,10}password|verify|[\w\-]{0,8}email|confirm|confirmation|activate|activation|invite|invitations?|magic|magic-?link|join|accept|unsubscribe|recover|one-?time)/[\w\-.~]{16}",
            r"/(?:reset|confirm|activate|verify)/[A-Za-z0-9_\-]+/[0-9a-z]{3,8}-[0-9a-f]{20}",
        ),
        check=_opens,
        examples=(
            "https://example.org/invite/" + made_up(32, 4),
            "GET /password/reset/" + made_up(40, 7, hexadecimal=True),
            "/accounts/reset/MQ/c3k2-" + made_up(32, 5, hexadecimal=True),
        ),
        counterexamples=("/verify/choose-a-new-password", "GET /join/the-mailing-list-of-the-project"),
        source="usual links in mails",
    ),
    Rule(
        name="webhook-path",
        pattern=r"(?i)/(?:webhooks?|hooks?|webhook-test|incoming)/(?:[\w\-]{1,40}/){0,2}(?P<s>[\w\-]{20,256}+)",
        shapes=(r"/(?:webhooks?|hooks?|webhook-test|incoming)/(?:[\w\-]+/)?(?:[\w\-]+/)?[\w\-]{20}",),
        check=_hook,
        examples=("https://flows.example.org/webhook/" + made_up(32, 3), "POST /hooks/catch/" + made_up(26, 6)),
        counterexamples=("/hooks/pre-commit-configuration-file", "/webhooks/list-all-of-the-subscriptions"),
        source="usual incoming webhooks",
    ),
    Rule(
        name="signed-address",
        pattern=r"(?i)[?&](?:policy|signature|hmac|verify|token|expires?_sig|hdnts|hdnea|__gda__|x-oss-signature|ossaccesskeyid|x-cos-signature|q-signature|awsaccesskeyid|googleaccessid|x-tt-signature|st|md5)=(?P<s>(?:exp=\d{8,12}~[^\s&\"']{8,1024}|[\w\-.~%+/=]{20,4096}+))",
        shapes=(
            r"[?&](?:[Pp]olicy|[Ss]ignature|hmac|verify|token|hdnts|hdnea|__gda__|x-oss-signature|OSSAccessKeyId|q-signature|AWSAccessKeyId|GoogleAccessId|st|md5)=[\w\-.~%+/=]{8}",
        ),
        check=lambda value: noisy(value, 0.2) or plain_hex(value),
        examples=(
            "a.mp4?Policy=" + made_up(60, 3) + "&n=1",
            "/cdn?verify=1767777777-" + made_up(32, 4),
        ),
        counterexamples=("?policy=allow-all-the-visitors", "?st=some-of-the-things-we-have"),
        source="CloudFront, Cloudflare, Akamai documentation, signed URLs",
    ),
    Rule(
        name="otpauth-migration",
        pattern=r"(?i)otpauth-migration://offline\?data=(?P<s>[\w%+/=\-]{8,4096}+)",
        literals=("otpauth-migration:",),
        examples=(
            "otpauth-migration://offline?data=" + made_up(40, 3),
            "scan otpauth-migration://offline?data=" + made_up(60, 5),
        ),
        counterexamples=("otpauth-migration://offline", "an otpauth-migration: link"),
        source="Google Authenticator, export of accounts",
    ),
    Rule(
        name="saml-message",
        pattern=r"(?i)(?<![A-Za-z])(?:SAML(?:Request|Response|art)|wresult|logout_?request)[\"']?\s{0,2}[=:]\s{0,2}[\"']?(?P<s>[\w%+/=\-.]{24,65536}+)",
        shapes=(r"(?:SAML(?:Request|Response|art)|samlRe\w{5,7}|samlre\w{5,7}|SAMLRE\w{5,7}|wresult)[\"']?\s?[=:]",),
        check=_given,
        examples=("GET /sso?SAMLRequest=" + made_up(80, 3) + "&RelayState=x", "SAMLResponse: " + made_up(120, 5)),
        counterexamples=("SAMLResponse: missing", "SAMLRequest=short"),
        source="OASIS SAML V2.0 bindings",
    ),
    Rule(
        name="session-cookie",
        pattern=rf"(?i)(?<![\w.\-])(?:{_COOKIES})(?:_[0-9a-f]{{8,40}})?[\"']?\s{{0,2}}[=:]\s{{0,2}}[\"']?(?P<s>[\w\-.~%+/=:!*|@$]{{8,4096}}+)",
        sieve=rf"(?i)(?<![\w.\-])(?:{_COOKIES})",
        literals=tuple(name for name in SESSION_NAMES if len(name) > 5),
        check=lambda value: _given(value) and (noisy(value, 0.2) or plain_hex(value)),
        examples=(
            "?PHPSESSID=" + made_up(26, 3),
            "cookie: connect.sid=s%3A" + made_up(32, 5),
            "JSESSIONID=" + made_up(32, 2).upper(),
        ),
        counterexamples=("JSESSIONID=missing", "the PHPSESSID cookie is not there", "csrftoken: required"),
        source="documentation of PHP, Servlets, ASP.NET, Express, Laravel, Django, Keycloak",
    ),
    Rule(
        name="session-id",
        # Django's; other ids of a session have dashes or are hexadecimal, and stay.
        pattern=r"(?<![\w.\-])sessionid[\"']?[=:][ ]?[\"']?(?P<s>[0-9a-z]{32})(?!\w)",
        shapes=(r"sessionid[\"']?[=:] ?[\"']?[0-9a-z]{32}",),
        check=lambda value: random_looking(value, 32, 0.33) and not plain_hex(value),
        examples=("sessionid=" + made_up(32, 3).lower(), "cookies {'sessionid': '" + made_up(32, 5).lower() + "'}"),
        counterexamples=("sessionid=42", "sessionid=" + made_up(32, 3, hexadecimal=True), "sessionId=k3w9x2m7"),
        source="Django documentation, sessions",
    ),
    Rule(
        name="driver-credentials",
        # Go's drivers: no scheme, the protocol in brackets.
        pattern=r"(?<![\w/])[\w.\-]{1,64}:(?P<s>[^\s\"'@]{1,128})@(?:(?:tcp|tcp6|udp|unix|cloudsql-mysql)\(|/\w{1,64}(?:\?|[\s\"']|$))",
        literals=("@tcp(", "@tcp6(", "@udp(", "@unix(", "@cloudsql-mysql(", "@/"),
        check=_password,
        examples=("root:l0ng-river@tcp(db:3306)/shop", "dsn svc:wh1te.rose@unix(/run/mysqld.sock)/a"),
        counterexamples=("${USER}:${PASS}@tcp(db:3306)/shop", "@tcp(db:3306)/shop", "import a from '@/shop'"),
        source="go-sql-driver/mysql documentation, DSN",
    ),
    Rule(
        name="url-key",
        # The user of an address is the key, alone or with a second one behind it.
        pattern=r"(?i)://(?P<s>[0-9a-f]{32}(?::[0-9a-f]{32})?)@(?=[\w\[])",
        shapes=(r"://[0-9a-fA-F]{32}(?::[0-9a-fA-F]{32})?@",),
        examples=(
            "https://" + made_up(32, 2, hexadecimal=True) + "@errors.example.org/4",
            "dsn https://"
            + made_up(32, 3, hexadecimal=True)
            + ":"
            + made_up(32, 5, hexadecimal=True)
            + "@errors.example.org/4",
        ),
        counterexamples=("https://errors.example.org/4", "https://7a1f9c04@errors.example.org/4"),
        source="Sentry documentation, DSN",
    ),
)
