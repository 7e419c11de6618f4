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
)
STAYS = (
    "token ?? null",
    'password ?? ""',
    "Dim count As Integer = 4",
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
    {"kind": "Secret", "stringData": {"shop": SECRET}},
)
KEPT = (
    {"op": "replace", "path": "/user/name", "value": "ann-lee-3"},
    {"path": "/reset/password", "value": "ann-lee-3"},
    {"loc": ["body", "age"], "input": "twelve-12"},
    {"kind": "ConfigMap", "data": {"shop": "ann-lee-3"}},
    {"selector": "#email-field", "value": "ann-lee-3"},
    {"password": {"type": "string-1"}},
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
