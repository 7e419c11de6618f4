"""Layouts in which a name and its value stand in other languages, tools and formats, and lines that look alike."""

import pytest

from narration_core.redaction import RedactionPolicy, Redactor

pytestmark = pytest.mark.req("NARR-3009")

SECRET = "Tr4-verse9Wm"
HIDDEN = (
    'Dim password As String = "{}"',
    "Dim apiSecret As New String = '{}'",
    'password ?? "{}"',
    'password ??= "{}"',
    'env("DB_PASSWORD", default="{}")',
    "config('secret_key', fallback='{}')",
    "password=Some({})",
    "user(name=ann, password=Optional[{}])",
    'password: Optional("{}")',
    '<setting name="Password" serializeAs="String"><value>{}</value></setting>',
    '<entry key="secret" type="text" lang="en">\n  <string>{}</string>\n</entry>',
    "\u00abpassword\u00bb: \u00ab{}\u00bb",
    "\u201epassword\u201c: \u201e{}\u201c",
    "\u2018password\u2019: \u2018{}\u2019",
    "\u300cpassword\u300d\uff1a\u300c{}\u300d",
    'password=SecretValue.unsafe_plain_text("{}")',
    "redis-cli -h cache --pass {} ping",
    "password ~> {}",
    "password ==> {}",
    "password --> {}",
    "api_key >> {}",
    "password =: {}",
    "password ... {}",
    "password \u2794 {}",
    "DB_PASS -> {}",
    "smtp_pw ~> {}",
    "backup_code \u2192 {}",
    "set DB_PASS to {}",
    "tool --db-pass {} run",
    "tool --smtp_pw {} run",
    "tool --recovery-code {} run",
    "connection_string={}",
    "pwd is {}",
    "password\t{}",
    "| password | {} |",
    "password found: {}",
    "your new password is: {}",
    "a password is generated for root@localhost: {}",
    "security answer: {}",
    "Incorrect API key provided: {}.",
    "fill_in 'Password', with: '{}'",
    'I fill in "Password" with "{}"',
    "PropertyName: Password, AttemptedValue: {}",
    "pswrd={}",
    "pass phrase: {}",
    "the pass phrase is {}",
    "Pass word = {}",
    "Enter pass phrase for server.key: {}",
    "Enter password for ann:\n{}\nok",
    "A senha \u00e9 {}",
    "Heslo je {}",
    "['till.exe', '/password:{}']",
    "p\u1d00ssword={}",
    "\u1d18\u1d00ss\u1d21\u1d0f\u0280\u1d05: {}",
    "\u2ca3assword: {}",
    "pass\x1b]0;till\x07word={}",
    "pass\x1b(Bword={}",
    '{{"objectName":"login","field":"password","rejectedValue":"{}","code":"Size"}}',
    '[{{"value":"{}","msg":"Invalid value","path":"password"}}]',
    "password / {}",
    "password  {}",
    "password;{}",
    "password,{}",
    "password # {}",
    "password >> {}",
    "passwd {}",
    "pw {}",
    "db_pass    = {}",
    "auth_ldap_bind_password {}",
    "пароль {}",
    "пароль от базы: {}",
    "Password for 'https://ann@git.example.org': {}",
    '["password":protected]=>\n  string(12) "{}"',
    '["password":"User":private]=>\n  string(12) "{}"',
    "[password:App\\User:private] => {}",
    's:8:"password";s:12:"{}";',
    'Password: (string) (len=12) "{}",',
    '{{<<"password">>,<<"{}">>}}',
    '{{bad_password,"{}"}}',
    "DECLARE @pwd nvarchar(50) = N'{}'",
    "password varchar2(30) := '{}';",
    "le mot de passe est : {}",
)
STAYS = (
    "password / passphrase / PIN",
    "password  varchar(255)  not null",
    "username;password;role",
    "password,text,not null",
    "Password #1 of 3",
    "passwd group shadow gshadow",
    "pass 12 of 20, pw 12.5 kW",
    "set password for user ann42",
    "password sha512crypt, base64url or utf8mb4",
    "password - see RFC2898",
    "identity: token:1a2b3c",
    "token ?? null",
    'password ?? ""',
    "Dim count As Integer = 4",
    "password ~> v1.2.3",
    "cat secret.txt >> /srv/t1n-whistle",
    "pass -> fail",
    "the first pass -> 2 tables",
    "an -onepass mode only",
    "tool --two-pass mode",
    "pass phrase is too short",
    "your new password is: required",
    "password | Sha256-Hash | not null",
    "exit code 4242",
    "API key id: Tr4-verse9Wm",
    "* returned key with #shopKeyDestroy2 function",
    "the password ... was it changed?",
    "\u043a\u043b\u044e\u0447\u0438 -> Tr4-verse9Wm",
    "session=Some(SessionId(12))",
    "auth=Ok(true)",
    "secret=Some(secret)",
    "x264 --pass 2 --bitrate 1000",
    "--pass-through on",
    "\u201ctoken\u201d is \u201cexpired\u201d",
)
RECORDS = (
    {"op": "replace", "path": "/user/password", "value": SECRET},
    {"loc": ["body", "password"], "input": SECRET},
    {"id": "password", "value": SECRET},
    {"password": {"$set": SECRET}},
    {"ParameterKey": "DBPassword", "ParameterValue": SECRET},
    {"settingName": "smtpPassword", "settingValue": SECRET},
    {"selector": "#password", "value": SECRET},
    {"type": "string_too_short", "loc": ("password",), "input": SECRET},
    {"instancePath": "/password", "data": SECRET},
    {"path": ["user", "password"], "value": SECRET},
    {"path": "password", "value": SECRET},
    {"path": "$.password", "value": SECRET},
    {"field": "password", "rejectedValue": SECRET},
    {"propertyName": "Password", "attemptedValue": SECRET},
    {"query": "mutation($p: String!){login(user: $u, password: $p){id}}", "variables": {"u": "ann", "p": SECRET}},
    {"kind": "Secret", "stringData": {"shop": SECRET}},
)
KEPT = (
    {"op": "replace", "path": "/user/name", "value": "ann-lee-3"},
    {"path": "/reset/password", "value": "ann-lee-3"},
    {"loc": ["body", "age"], "input": "twelve-12"},
    {"kind": "ConfigMap", "data": {"shop": "ann-lee-3"}},
    {"selector": "#email-field", "value": "ann-lee-3"},
    {"password": {"type": "string-1"}},
    {"path": "config/secret.yaml", "content": "replicas: 3"},
    {"path": ["user", "level"], "value": SECRET},
    {"query": "query($p: Int){list(page: $p){id}}", "variables": {"p": SECRET}},
    {"query": "mutation($p: String!){login(password: $p)}", "variables": [SECRET]},
)


@pytest.fixture(scope="module", params=["hyperscan", "ahocorasick"])
def redactor(request: pytest.FixtureRequest) -> Redactor:
    return Redactor(RedactionPolicy(engine=request.param))


@pytest.mark.parametrize("layout", HIDDEN)
def test_the_value_is_hidden_and_hidden_once(layout: str, redactor: Redactor) -> None:
    hidden = redactor.text(layout.format(SECRET))
    assert SECRET[:6] not in hidden
    assert redactor.text(hidden) == hidden


@pytest.mark.parametrize("line", STAYS)
def test_what_looks_alike_stays(line: str, redactor: Redactor) -> None:
    assert redactor.text(line) == line


@pytest.mark.parametrize("record", RECORDS, ids=str)
def test_the_value_of_a_record_is_hidden_by_the_name_in_it(record: dict[str, object], redactor: Redactor) -> None:
    assert SECRET not in repr(redactor.value(record))


@pytest.mark.parametrize("record", KEPT, ids=str)
def test_a_record_without_a_secrets_name_stays(record: dict[str, object], redactor: Redactor) -> None:
    assert redactor.value(record) is record
