# ruff: noqa: E501, RUF001, S608 - words and signs of the world's languages, statements of logs
"""Secrets whose name stands elsewhere in a text: at the head of listed columns, in a statement beside its parameters, in a prompt."""

import time

import pytest

from narration_core.redaction import RedactionPolicy, Redactor, redact

pytestmark = pytest.mark.req("NARR-3002")

SECRET = "orchard-7Lm2Qx"
MARK = "[REDACTED]"


@pytest.fixture(scope="module", params=["hyperscan", "ahocorasick"])
def redactor(request: pytest.FixtureRequest) -> Redactor:
    return Redactor(RedactionPolicy(engine=request.param))


@pytest.mark.parametrize(
    "text",
    [
        f'{{"columns": ["user", "password"], "rows": [["ann", "{SECRET}"], ["bob", "{SECRET}"]], "n": 2}}',
        f"{{'names': ['user', 'api_key'], 'values': ['ann', '{SECRET}']}}",
        f'{{"schema": ["id", "secret"], "data": [[1, "{SECRET}"], [2, null]]}}',
        f'{{"key": "password", "value": {{"stringValue": "{SECRET}"}}}}',
        f'attributes:{{key:"db.password" value:{{string_value:"{SECRET}"}}}}',
        f'{{"fieldName": "password", "fieldValue": "{SECRET}"}}',
        f'{{"prop": "password", "val": "{SECRET}"}}',
        f'{{"param": "password", "input": "{SECRET}"}}',
        f"INSERT INTO users (name, password) VALUES ($1, $2)\nDETAIL:  parameters: $1 = 'ann', $2 = '{SECRET}'",
        f"UPDATE users SET password = $1 WHERE id = $2\nparameters: $1 = '{SECRET}', $2 = '7'",
        f'DbCommand [Parameters=[@p0=\'ann\', @p1=\'{SECRET}\' (Nullable = false)]] INSERT INTO "Users" ("Name", "Password") VALUES (@p0, @p1)',
        f'[Parameters=[@p7=\'{SECRET}\']] UPDATE "Users" SET "Password" = @p7 WHERE "Id" = @p8',
        f"==>  Preparing: update users set password = ? where id = ?\n==> Parameters: {SECRET}(String), 7(Integer)",
        f"- Preparing: insert into u (name, password) values (?, ?)\nDEBUG a - ==> Parameters: ann(String), {SECRET}(String)",
        f'SELECT id FROM t WHERE secret = $1 AND n = $2 ["{SECRET}", 1]',
        f"app: passwords:\n  - {SECRET}\n  - {SECRET}\ndone",
        f'Content-Disposition: form-data; name="password"\r\nContent-Type: text/plain\r\n\r\n{SECRET}\r\n--x',
        f'{{"data": {{"config": "{SECRET}"}}, "kind": "Secret"}}',
        f"password∶ {SECRET}",
        f"password ¦ {SECRET}",
    ],
)
def test_a_name_elsewhere_in_a_text_hides_its_value(text: str, redactor: Redactor) -> None:
    hidden = redactor.text(text)
    assert SECRET not in hidden
    assert MARK in hidden
    assert redactor.text(hidden) == hidden


@pytest.mark.parametrize(
    "text",
    [
        '{"columns": ["user", "token_count"], "rows": [["ann", "12"]]}',
        '{"columns": ["user", "mail"], "rows": [["ann", "orchard-7Lm2Qx"]]}',
        "SELECT id FROM orders WHERE status = $1\nparameters: $1 = 'open-7Lm2Qx', $2 = '7'",
        "INSERT INTO orders (id, name) VALUES (@p0, @p1) [Parameters=[@p0='4', @p1='orchard-7Lm2Qx']]",
        "==>  Preparing: update users set name = ? where id = ?\n==> Parameters: orchard-7Lm2Qx(String), 7(Integer)",
        "app: steps:\n  - orchard-7Lm2Qx\n",
        '{"data": {"config": "orchard-7Lm2Qx"}, "kind": "ConfigMap"}',
        '{"kind": "service", "value": "orchard-7Lm2Qx"}',
    ],
)
def test_what_no_secret_name_belongs_to_stays(text: str, redactor: Redactor) -> None:
    assert redactor.text(text) is text


def test_a_number_too_many_is_no_row(redactor: Redactor) -> None:
    text = '{"columns": ["user", "password"], "rows": [["ann", "x", "orchard-7Lm2Qx"]]}'
    assert redactor.text(text) is text


def test_a_prompt_that_asks_for_a_secret_hides_the_answer() -> None:
    assert redact({"prompt": "Password:", "input": SECRET}) == {"prompt": "Password:", "input": MARK}
    assert redact({"prompt": "Enter passphrase: ", "response": SECRET})["response"] == MARK
    asked = {"prompt": "Tell me about my password", "response": SECRET}
    assert redact(asked) is asked
    answered = {"question": "Which colour?", "answer": SECRET}
    assert redact(answered) is answered


def test_all_of_a_manifest_of_secrets_is_hidden() -> None:
    manifest = {"kind": "Secret", "metadata": {"name": "db"}, "data": {"config": SECRET, "file": SECRET}}
    assert redact(manifest) == {**manifest, "data": {"config": MARK, "file": MARK}}
    settings = {"kind": "ConfigMap", "data": {"config": SECRET}}
    assert redact(settings) is settings


@pytest.mark.parametrize(
    "name", ["phone", "mobile_number", "homePhone", "PHONE", "telefon", "fax", "msisdn", "phoneNumber"]
)
@pytest.mark.parametrize(
    "number", ["030 901821", "01 42 68 53 01", "4155552672", "06.12.34.56.79", "8 (495) 123-45-68"]
)
def test_a_telephones_name_hides_a_number_in_any_layout(name: str, number: str, redactor: Redactor) -> None:
    assert redactor.fields({name: number, "n": 1}) == {name: MARK, "n": 1}


@pytest.mark.parametrize(
    ("name", "value"),
    [("phone", "2026-11-30"), ("phone", "4211"), ("phone", "none given"), ("hotel", "030 901821"), ("telemetry", "030 901821"), ("phone", "10.0.0.7"), ("fax", "")],
)  # fmt: skip
def test_what_is_no_number_under_a_telephones_name_stays(name: str, value: str, redactor: Redactor) -> None:
    fields = {name: value}
    assert redactor.fields(fields) is fields


def test_a_policy_lets_numbers_under_a_name_stand() -> None:
    fields = {"phone": "030 901821"}
    assert Redactor(RedactionPolicy(off=frozenset({"phone-labelled"}))).fields(fields) is fields
    assert Redactor(RedactionPolicy(allow=frozenset({"030 901821"}))).fields(fields) is fields


@pytest.mark.parametrize(
    "piece",
    [
        "passwords:\n - x9 ",
        "app: passwords:\n - ",
        '"columns": ["password", ',
        '"columns": ["password"] "rows": [["a"],["b"],',
        "preparing: update u set password = ?\nparameters: ",
        "preparing: update u set password = ?\nparameters: a(String), ",
        "UPDATE u SET password=$1 @p1='x' ",
    ],
)
def test_such_text_costs_no_more_than_many_times_what_any_other_does(piece: str, redactor: Redactor) -> None:
    size = 1 << 15

    def seconds(part: str) -> float:
        text = (part * size)[:size]
        start = time.process_time()
        redactor.text(text)
        return time.process_time() - start

    usual = min(seconds("password=Tr0ub4dor&3 mail ann@example.org ") for _ in range(3))
    assert min(seconds(piece) for _ in range(2)) <= 15 * max(usual, 0.002)


def test_a_pair_under_the_name_of_a_login_is_a_user_and_a_password() -> None:
    assert redact({"auth": ("ann", SECRET)}) == {"auth": ("ann", MARK)}
    assert redact({"basic_auth": ["ann", SECRET]}) == {"basic_auth": ["ann", MARK]}
    methods = {"auth": ["oauth2", "basic"], "login": ["ann", "bob"], "pair": ["ann", SECRET]}
    assert redact(methods) is methods
