"""Values as languages print and pass them: objects that wrap a secret, arguments of calls, leaders of dots, logins by position."""

from typing import Final

from narration_core.redaction._checks import exact_placeholder, placeholder, plain_hex, random_looking, typed, uuid_like
from narration_core.redaction._rule import Rule, made_up

_NAME: Final = r"(?:passw(?:or)?d|passphrase|passcode|pwd|secret|api[_\- ]?key|access[_\- ]?key|private[_\- ]?key|token|credentials?)"


_LONG_HEX: Final = 40


# How a name ends, for the engine.
_NAMED: Final = r"(?:pass|Pass|PASS|pwd|Pwd|PWD|pw[ :=]|psk|PSK|secret|Secret|SECRET|key|Key|KEY|oken|TOKEN|redential)[\w\"'\])]{0,8}"
# What a constructor's text opens with: a bracket behind a name or a sign, not behind the colon of JSON.
_OPENED: Final = (
    r"[({](?:" + "|".join(rf"(?<=[\w\"'\])>=]\s{{{blanks}}}[({{])" for blanks in range(5)) + r")\s{0,4}[brfu@]?[\"']"
)


def _odd(value: str) -> bool:
    return typed(value) or (random_looking(value, 16, 0.35) and not plain_hex(value) and not uuid_like(value))


def _quoted(value: str) -> bool:
    """A text in quotes: no template, and no mere word."""
    return not placeholder(value) and not value.isalpha()


RULES: Final[tuple[Rule, ...]] = (
    Rule(
        name="wrapped-secret",
        # The name is that of a class: `Secret(...)`, `ApiKey{value=..., owner=ann}`.
        pattern=r"(?<![a-z0-9_])\w{0,40}(?:Password|Passphrase|Secret|ApiKey|APIKey|AccessToken|AuthToken|Token|PrivateKey)(?:Value)?[\[({](?:(?:value|raw|key|token|secret|inner|text|data|_value|0)\s?[=:]\s?)?[\"']?(?P<s>[^\s\"'()\[\]{},;=:]{6,512}+)[\"']?\s?[\])},]",
        shapes=(r"(?:Password|Passphrase|Secret|A(?:pi|PI)Key|Token|PrivateKey)(?:Value)?[\[({][!-~]{6}",),
        check=_odd,
        examples=("Optional[ApiKey{value=" + made_up(32, 3) + ", owner=ann}]", "AuthFailed: Password(t1n-whistle)"),
        counterexamples=(
            "Token{a64f992 ActivityRecord",
            "Secret{name=db-main, namespace=shop}",
            "Password(min=8)",
            "Token(kind2, 14)",
        ),
        source="toString of Java and Scala, Debug of Rust",
    ),
    Rule(
        name="swift-dump",
        pattern=rf"(?i){_NAME}\w{{0,16}}:[ ]Optional\(\"[^\"\r\n]{{0,256}}\"\)\s{{0,24}}[-\u25bf][ ]some:[ ]\"(?P<s>[^\"\r\n]{{1,256}}+)\"",
        literals=('some: "',),
        check=lambda value: not exact_placeholder(value),
        examples=(
            '  \u25bf password: Optional("x")\n    - some: "t1n-whistle"',
            'apiKey: Optional("y")\n  - some: "w1nd.mill"',
        ),
        counterexamples=('name: Optional("x")\n    - some: "t1n-whistle"', 'password: nil\n    - some: "ann"'),
        source="Swift standard library, dump(_:)",
    ),
    Rule(
        name="dotted-leader",
        pattern=rf"(?i){_NAME}\w{{0,16}}[ ]?\.{{4,80}}[ ]?:?[ ]?[\"']?(?P<s>[^\s\"'.<\[*][^\s\"']{{3,256}}+)",
        shapes=(
            r"(?:word|Word|WORD|passwd|phrase|ecret|ECRET|key|Key|KEY|oken|OKEN|ials)[ ]?\.{4}[. :]{0,80}[\"']?[!-~]{4}",
        ),
        check=_quoted,
        examples=('configuration: password................"t1n-whistle"', "API key ........: w1nd.mill"),
        counterexamples=(
            "configuration: password.........................<masked>",
            "password........none",
            "keyed....",
            "the key.... was it changed?",
        ),
        source="logs of HikariCP; reports with leaders",
    ),
    Rule(
        name="characters-of-a-password",
        pattern=r"\"(?P<s>[^\"\r\n]{4,128}+)\"\.toCharArray\(",
        literals=('".tochararray(',),
        check=_odd,
        examples=('store.load(in, "t1n-whistle".toCharArray());', 'new PBEKeySpec("w1nd!mill".toCharArray())'),
        counterexamples=('"0123456789abcdef".toCharArray()', '"some text".toCharArray()'),
        source="Java security documentation, KeyStore",
    ),
    Rule(
        name="lazy-secret",
        pattern=rf"(?i){_NAME}\w{{0,16}}(?::\s?\w{{1,24}})?\s(?:by\slazy|get\(\)\s?=)\s?\{{?\s{{0,8}}\"(?P<s>[^\"\r\n]{{3,256}}+)\"",
        literals=("by lazy {", "get() = ", "get() {"),
        check=_quoted,
        examples=('val password by lazy { "t1n-whistle" }', 'val apiKey: String get() = "w1nd.mill"'),
        counterexamples=('val title by lazy { "t1n-whistle" }', 'val password by lazy { "" }'),
        source="Kotlin documentation, delegated properties",
    ),
    Rule(
        name="password-call",
        # Whose it is comes first: changePassword("ann", "..."), set_user_password(user, '...').
        pattern=r"(?i)\b\w{0,32}(?:passw(?:or)?d|passphrase|secret)\w{0,24}\(\s{0,4}(?:[\w.$@&*>\-]{1,64}|[\"'][^\"'\r\n]{0,128}[\"'])\s{0,2},\s{0,8}[brfu@]?[\"'](?P<s>[^\"'\r\n]{4,256}+)[\"']",
        shapes=(r"(?:[Pp]assw(?:or)?d|[Pp]assphrase|[Ss]ecret)\w{0,24}\(\s{0,8}[^(),\r\n]{1,80},\s{0,8}[brfu@]?[\"']",),
        check=typed,
        examples=('db.changeUserPassword("app", "t1n-whistle")', "set_user_password(user, 'w1nd!mill')"),
        counterexamples=(
            'setPasswordPolicy("strong", "12chars")',
            'sendPasswordResetEmail("ann", "welcome2shop")',
            "reset_password(user, token)",
        ),
        source="usual names of methods",
    ),
    Rule(
        name="traced-login",
        # PHP writes the arguments of each call into a trace.
        pattern=r"\b(?:PDO|mysqli|\w{0,40}(?:Connection|Client|Auth|Login|Credentials?|Driver|Adapter))(?:->|::)(?:__construct|connect|real_connect|login|authenticate|attempt|auth|doConnect)\((?:[^(),\r\n]{0,200},[ ]){1,4}'(?P<s>[^'\r\n]{2,256}+)'",
        shapes=(
            r"(?:->|::)(?:__construct|connect|real_connect|login|authenticate|attempt|auth|doConnect)[(][^(),\r\n]{1,80}[,]",
        ),
        check=lambda value: (
            typed(value) or (not placeholder(value) and not value.isalnum() and any(map(str.isdigit, value)))
        ),
        examples=(
            "#0 /srv/db.php(12): PDO->__construct('mysql:host=db;d...', 'root', 't1n-whistle')",
            "#1 /srv/a.php(3): App\\Auth->login('ann', 'w1nd!mill')",
        ),
        counterexamples=(
            "#0 /srv/db.php(12): PDO->__construct('mysql:host=db;d...', 'root', Object(SensitiveParameterValue))",
            "#1 /srv/a.php(3): Auth->login('ann', 'form')",
        ),
        source="PHP manual, Exception::getTraceAsString",
    ),
    Rule(
        name="remote-login",
        # JSON-RPC and the like: a method that logs in, and its arguments by position.
        pattern=r"(?i)[\"'](?:method|op|cmd|command|action|type|event)[\"']\s?:\s?[\"'](?:[\w.]{0,24}[._])?(?:login|logon|log_?in|sign_?in|auth|authenticate|authorize)[\"'][^{}\r\n]{0,80}?[\"'](?:params|args|arguments)[\"']\s?:\s?\[(?:\s?(?:\"[^\"\r\n]{0,128}\"|'[^'\r\n]{0,128}'|\d{1,20}),){1,4}\s?[\"'](?P<s>[^\"'\r\n]{4,256}+)[\"']\s?\]",
        shapes=(
            r"(?:[Ll]ogin|[Ll]ogon|log_in|[Ss]ign_?[Ii]n|auth|authenticate|authorize)[\"'][^{}\r\n]{0,90}[\"'](?:params|args|arguments)[\"']",
        ),
        check=lambda value: _odd(value) or (plain_hex(value) and len(value) >= _LONG_HEX),
        examples=(
            '{"method":"login","params":["ann","t1n-whistle"]}',
            '{"op":"auth","args":["key-1",1767225600000,"' + made_up(40, 3) + '"]}',
        ),
        counterexamples=(
            '{"method":"login","params":["form","POST"]}',
            '{"method":"subscribe","params":["ann","topic42x"]}',
        ),
        source="JSON-RPC specification; APIs of exchanges",
    ),
    Rule(
        name="constructed-secret",
        # A text that an object is made of: `secret := Secret::new("...")`, `pwd{"..."}`. Calls with usual names belong to
        # `_assignment_pattern.MADE`, which asks less of the text; these may have any name.
        pattern=r"(?i)(?:passw(?:or)?d|passphrase|passcode|pass|(?<![a-z])pwd?|psk|secret|api_?key|access_?key|private_?key|token|credential)\w{0,8}[\"'\])]{0,2}\s{0,4}(?:(?::\s{0,2}[\w:<>&\[\]]{1,32}\s{0,2})?[:=]{1,2}>?\s{0,4}(?:(?:new\s)?(?![\w:.<>]{0,40}?(?:get|env|read|input|param|head|conf|find|look|prompt|fetch|query|select|attr|field|search|match|format|trans|err|exc|print|log|open|load|file|path|url|split|replace|join|require|import|vault|i18n|row|data))[\w:.<>]{1,48}[({]\s{0,4}){1,3}|\{\s{0,2}|,[ ]?[^=\r\n]{1,40}=[ ]?[{(\[][ ]?[\"'][^\"'\r\n]{0,64}[\"'],[ ]?)[brfu@]?[\"'](?P<s>[^\"'\r\n]{4,256}+)[\"']",
        shapes=(
            rf"{_NAMED}\s{{0,4}}[({{][brfu@]?[\"'][!-~]{{4}}",
            rf"{_NAMED}\s{{0,4}}(?::\s?[\w:<>&\[\]]{{1,32}}\s{{0,2}})?[:=]{{1,2}}>?\s{{0,4}}(?:new\s)?[\w:.<>({{]{{0,100}}[({{][brfu@]?[\"'][!-~]{{4}}",
        ),
        sieve=_OPENED,
        check=typed,
        examples=(
            'let secret = Secret::new(String::from("t1n-whistle"));',
            'std::string pwd{"w1nd!mill"};',
            'QString password = QStringLiteral("bl4ck-tea");',
        ),
        counterexamples=(
            'password = getpass.getpass("Password 2: ")',
            'token = headers.get("X-Auth-2")',
            'password = config.get("db2.password")',
            'key = row["na1me"]',
        ),
        source="constructors of C++, Java, Rust, Qt",
    ),
    Rule(
        name="login-arguments",
        # A user's name and what only a password looks like, passed to whatever logs in.
        pattern=r"(?i)\b[\w.]{0,48}(?:auth|login|logon|connect|credentials?|sign_?in|basic|mysqli|session)\w{0,24}\(\s{0,4}(?:[\w.$@&]{1,64},\s{0,4})?(?:[ruf@]?[\"'][^\"'\r\n]{1,128}[\"']\s{0,2},\s{0,4}){1,3}?[brf@]?[\"'](?=[^\"'\r\n]{0,64}\d)(?P<s>[^\"'\r\n]{4,256}+)[\"']",
        shapes=(
            r"(?:auth|Auth|login|Login|[Ll]ogon|[Cc]onnect|redentials?|sign_?[Ii]n|SignIn|basic|Basic|mysqli|[Ss]ession)\w{0,24}[(][^()\r\n]{0,160}[\"'][,]\s{0,8}[brf@]?[\"'][!-~]{4}",
        ),
        check=typed,
        examples=('.auth().basic("ann", "t1n-whistle")', "new mysqli('db', 'root', 'w1nd!mill', 'shop');"),
        counterexamples=(
            'connect("db", "shop_v2")',
            'login("form", "POST")',
            'session.get("user", "an0nymous")',
        ),
        source="documentation of REST Assured, mysqli, pika, cx_Oracle",
    ),
)
