"""Values whose name stands elsewhere: beside them, before them, at the head of a column, in a statement."""

import enum
from typing import Any, NamedTuple

import pytest

from narration_core.redaction import Redactor, redact
from narration_core.redaction._encodings import text_encoding

pytestmark = pytest.mark.req("NARR-3002")

SECRET = "orchard-7Lm2Qx"
MARK = "[REDACTED]"


class Setting(enum.StrEnum):
    PASSWORD = "password"
    REGION = "region"


class Plain(enum.Enum):
    SECRET_KEY = 1


class Account(NamedTuple):
    user: str
    password: str


@pytest.mark.parametrize("naming", ["name", "Key", "field", "type", "k", "header", "option", "columnName"])
@pytest.mark.parametrize("holding", ["value", "Val", "content", "newValue", "data", "default", "to"])
def test_a_record_that_names_a_secret_beside_its_value(naming: str, holding: str) -> None:
    record = {naming: "db_password", holding: SECRET, "id": 7}
    assert redact(record) == {naming: "db_password", holding: MARK, "id": 7}
    clean = {naming: "region", holding: SECRET}
    assert redact(clean) is clean


@pytest.mark.parametrize(
    ("value", "hidden"),
    [
        (
            {"names": ["user", "password"], "values": ["ann", SECRET]},
            {"names": ["user", "password"], "values": ["ann", MARK]},
        ),
        (
            {"columns": ["user", "password"], "rows": [["ann", SECRET], ("bob", SECRET)]},
            {"columns": ["user", "password"], "rows": [["ann", MARK], ("bob", MARK)]},
        ),
        (
            {"columns": [{"name": "n"}, {"name": "api_secret"}], "data": [[1, SECRET]]},
            {"columns": [{"name": "n"}, {"name": "api_secret"}], "data": [[1, MARK]]},
        ),
        ([["user", "password"], ["ann", SECRET]], [["user", "password"], ["ann", MARK]]),
        ([["user", "a"], ["password", SECRET]], [["user", "a"], ["password", MARK]]),
        (
            {"sql": "INSERT INTO users (name, password) VALUES (%s, %s)", "params": ("ann", SECRET)},
            {"sql": "INSERT INTO users (name, password) VALUES (%s, %s)", "params": ("ann", MARK)},
        ),
        (
            {"statement": "UPDATE users SET password = ?, name = ? WHERE id = ?", "args": [SECRET, "ann", 4]},
            {"statement": "UPDATE users SET password = ?, name = ? WHERE id = ?", "args": [MARK, "ann", 4]},
        ),
        (
            {"query": "select 1 from u where id = $1 and password = $2", "parameters": [[4, SECRET]]},
            {"query": "select 1 from u where id = $1 and password = $2", "parameters": [[4, MARK]]},
        ),
    ],
)  # fmt: skip
def test_columns_and_parameters(value: Any, hidden: Any) -> None:
    assert redact(value) == hidden


@pytest.mark.parametrize(
    "value",
    [
        {"columns": ["user", "region"], "rows": [["ann", SECRET]]},
        {"names": ["user", "password"], "values": ["ann"]},
        {"sql": "INSERT INTO users (name, region) VALUES (%s, %s)", "params": ("ann", SECRET)},
        {"fields": ["email", "password", "created_at"]},
        ["id", "password", "created_at", "region"],
        ["the", "password", "was", "changed"],
        {"type": "token", "text": "hello"},
        {"name": "password", "default": None, "required": True},
    ],
)
def test_names_alone_hide_nothing(value: Any) -> None:
    assert redact(value) is value


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (["sshpass", "-p"], ["ssh", "h"]),
        (["keytool", "-storepass"], []),
        (["x.exe", "-password"], ["/quiet"]),
        (["zip", "-P"], ["a.zip"]),
        (["Host", "x", "X-Api-Key"], ["Accept", "*/*"]),
        (["user", "password"], []),
        (["login", "Password:"], ["last login today"]),
        (["run", "--token"], ["-v"]),
    ],
)
def test_an_element_that_the_one_before_it_makes_a_secret(before: list[str], after: list[str]) -> None:
    given = [*before, "q7Zk2Xw9Lr4Tn8", *after]
    assert redact(given) == [*before, MARK, *after]
    assert redact(tuple(given)) == (*before, MARK, *after)


def test_a_private_key_line_by_line_in_a_list() -> None:
    body = ["MIIEmadeUpByHand0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijkl"] * 3
    lines = ["-----BEGIN " + "PRIVATE KEY-----", *body, "-----END " + "PRIVATE KEY-----"]
    assert "MIIE" not in str(redact(["before", *lines, "after"]))
    assert redact(["before", *lines, "after"])[-1] == "after"


@pytest.mark.parametrize(
    "key",
    [b"password", Setting.PASSWORD, ("db", "password"), (b"db", "client_secret"), Plain.SECRET_KEY],
    ids=repr,
)
def test_keys_of_other_types_are_names(key: Any) -> None:
    assert redact({key: "meadow"}) == {key: MARK}
    assert redact({"deep": [{key: "meadow"}]}) == {"deep": [{key: MARK}]}


def test_other_keys_of_these_types_are_not() -> None:
    for value in (
        {b"region": "meadow"},
        {Setting.REGION: "meadow"},
        {("password", "count"): "meadow"},
        {(): 1, (1, 2): 3},
    ):
        assert redact(value) is value


def test_fields_of_a_named_tuple() -> None:
    assert redact(Account("ann", "meadow")) == Account("ann", MARK)
    assert redact({"a": [Account("ann", "")]}) == {"a": [Account("ann", "")]}


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8", "utf-8-sig"])
def test_bytes_keep_their_encoding(encoding: str) -> None:
    data = f"login user=ann password={SECRET} n=1".encode(encoding)
    assert redact(data).decode(encoding) == "login user=ann password=[REDACTED] n=1"
    clean = "login user=ann n=1, again and again".encode(encoding)
    assert redact(clean) is clean


def test_the_encoding_of_bytes_that_are_no_text() -> None:
    assert text_encoding(b"") == text_encoding(b"\0" * 40) == text_encoding(bytes(range(256))) == "utf-8"
    odd = f"password={SECRET}".encode("utf-16-le") + b"x"
    assert SECRET.encode("utf-16-le") not in redact(odd)
    assert "internal-error" not in Redactor().counts


@pytest.mark.parametrize("kty", ["EC", "oct", "RSA", "OKP"])
def test_the_private_members_of_a_json_web_key(kty: str) -> None:
    private = dict.fromkeys(("d", "p", "q", "dp", "dq", "qi", "k"), "q7Zk2Xw9Lr4Tn8Vb3Mc6Jd1Ph5Gs0FyQ")
    public = {"kty": kty, "kid": "2026-11", "x": "a1B2c3D4e5F6a1B2c3D4e5F6", "e": "AQAB"}
    assert redact(public | private) == public | dict.fromkeys(private, "[REDACTED]")
    assert redact({"keys": [public]}) == {"keys": [public]}
    assert redact({"d": private["d"]}) == {"d": private["d"]}
