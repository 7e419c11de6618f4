# ruff: noqa: E501 - lines of logs
"""SQL statements with their parameters beside them: in a log that is full of them each has its own."""

import pytest

from narration_core.redaction import redact

pytestmark = pytest.mark.req("NARR-5005")

SECRETS = [f"t1n-wh1stle{number}x" for number in range(40)]


def hidden_each(form: str, joint: str = "\n") -> str:
    """Return a text with one secret in each of its pieces, redacted; each of them must be gone."""
    text = redact(joint.join(form.format(secret=secret) for secret in SECRETS))
    assert not [secret for secret in SECRETS if secret in text]
    assert redact(text) == text
    return text


@pytest.mark.parametrize(
    "form",
    [
        "UPDATE users SET name = %s, password = %s WHERE id = %s; parameters: ('ann', '{secret}', 7)",
        "DEBUG UPDATE users SET secret = ? WHERE id IN (SELECT id FROM old WHERE day > ?) params: ['{secret}', 7]",
        "DELETE FROM sessions WHERE token = $1 detail: ('{secret}')",
        "select * from users where password = :word and age > :age\nbinds=('{secret}', 7)",
        "INSERT INTO users (name, password) VALUES (%s, %s) -- update later\nargs=('ann', '{secret}')",
        "INSERT INTO users (name, password) VALUES ('ann', '{secret}'), ('bob', '{secret}');",
        "MERGE INTO users USING dual ON (1 = 2) WHEN NOT MATCHED THEN INSERT (name, password) VALUES ('ann', '{secret}')",
    ],
)
def test_each_of_many_statements_has_its_own_parameters(form: str) -> None:
    text = hidden_each(form)
    assert "7" not in form or text.count("7") == 40


def test_what_belongs_to_the_next_statement_is_not_taken_for_that_of_this_one() -> None:
    text = hidden_each(
        "SELECT name FROM users WHERE id = ?\nUPDATE users SET password = ? WHERE id = ? params=('{secret}', 9)"
    )
    assert text.count("9)") == 40


@pytest.mark.parametrize(
    "text",
    [
        "UPDATE users SET name = %s WHERE id = %s; parameters: ('t1n-wh1stle', 7)",
        "UPDATE users SET password = %s WHERE id = %s; parameters: ('t1n-wh1stle', 7, 8)",
        "please update the params (t1n-wh1stle) of the form",
        "INSERT INTO users (name, region) VALUES ('t1n-wh1stle', 'x9'); params: ('q7Zk2Xw9', 1)",
        "INSERT INTO users (name, password) VALUES (?, NULL), (%s, DEFAULT)",
    ],
)
def test_other_values_stay(text: str) -> None:
    assert redact(text) == text


def test_a_statement_at_the_very_end_has_no_parameters() -> None:
    for text in (
        "(x) UPDATE users SET password = ?",
        "(x) SELECT",
        "(insert into",
        "(x) INSERT INTO t (password) VALUES (",
    ):
        assert redact(text) == text
