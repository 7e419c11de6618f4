# ruff: noqa: S608 - the statements are what is redacted, nothing runs them
"""Secrets in structured text: containers, blocks, tables, SQL, records that name a secret."""

import pytest

from narration_core.redaction import redact

pytestmark = pytest.mark.req("NARR-3002")

SECRET = "orchard-7Lm2Qx"
OTHER = "Meadow7falcon"


@pytest.mark.parametrize(
    "text",
    [
        f'{{"password": {{"current": "{SECRET}", "old": "{OTHER}"}}}}',
        f'{{"secret": {{"constant_value": "{SECRET}"}}, "n": 1}}',
        f"{{'passwords': ['{SECRET}', '{OTHER}']}}",
        f'{{"body": "{{\\"password\\": {{\\"current\\": \\"{SECRET}\\"}}}}"}}',
        f'password = """\n{SECRET} {OTHER}\n"""',
        f"db_password = '''{SECRET}'''",
        f"passwords:\n  - {SECRET}\n  - {OTHER}\nnext: x",
        f"password: &pw {SECRET}",
        f"db:\n  password: !!str {SECRET}\n  port: 1",
        f"name;pass;role\nann;{SECRET};admin\nbob;{OTHER};user",
        f'{{:password, "{SECRET}"}}',
        f"password: !vault |\n    {SECRET}\n    {OTHER}\nnext: x",
        f"db:\n  password: >-\n    two words {SECRET}\n    and {OTHER}\n  port: 1",
        f"credentials:\n  primary: {SECRET}\n  spare: '{OTHER}'\n",
        f'{{"type": "password", "content": "{SECRET}"}}',
        f'{{"default": "{SECRET}", "required": true, "name": "password"}}',
        f"field=password newValue={SECRET}",
        f"| user | password |\n|---|---|\n| ann | {SECRET} |\n| bob | {OTHER} |",
        f" user | password \n------+----------\n ann  | {SECRET}\n(1 row)",
        f"│ user │ password │\n├──────┼──────────┤\n│ ann  │ {SECRET} │",
        f"user;password;n\nann;{SECRET};1\nbob;{OTHER};2",
        f"NAME   PASSWORD        AGE\nann    {SECRET}  4\nbob                    5",
        f"INSERT INTO users (name, password) VALUES ('ann', '{SECRET}'), ('bob', '{OTHER}')",
        f"[SQL: INSERT INTO users (name, password) VALUES (%s, %s)]\n[parameters: ('ann', '{SECRET}')]",
        f"UPDATE users SET password = ? WHERE id = ? params: ['{SECRET}', 4]",
    ],
)
def test_values_under_a_secret_name_go_and_the_structure_stays(text: str) -> None:
    hidden = redact(text)
    assert SECRET[:8] not in hidden
    assert OTHER[:8] not in hidden
    for sign in "{}[]|\n":
        assert hidden.replace("[REDACTED]", "").count(sign) == text.count(sign)
    for kept in ("ann", "next: x", "port: 1", '"n": 1', "current", "constant_value", "(1 row)", "bob", "spare"):
        assert (kept in hidden) == (kept in text)
    assert redact(hidden) == hidden


@pytest.mark.parametrize(
    "text",
    [
        "suite;pass;fail\nparser;12;0\nwriter;captured;1",
        '{"secrets": [{"name": "registry", "type": "opaque"}]}',
        '{"imagePullSecrets": [{"name": "regcred"}]}',
        "secrets:\n  - name: registry\n",
        "secrets:\n  db_password:\n    file: ./x\n    external: true\n",
        "credentials:\n  enabled: true\n",
        "ACCESS_KEY={AccessKey}",
        "tokens: [1, 2, 3]",
        "| user | password |\n|---|---|",
        "user,password\n",
        '{"type": "password", "required": true}',
        "INSERT INTO users (name, password) VALUES (?, ?)",
        "SELECT password FROM users WHERE id = 4",
        '{"name": "region", "value": "orchard-north"}',
    ],
)
def test_structure_without_a_secret_stays(text: str) -> None:
    assert redact(text) is text
