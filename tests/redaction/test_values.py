"""Nothing of a value is overlooked: nesting, keys, bytes, exceptions, pairs, arguments, objects."""

import dataclasses
import enum
from collections import OrderedDict
from types import MappingProxyType
from typing import Any, NamedTuple

import pytest

from narration_core.redaction import MARKER, Redactor, redact

pytestmark = pytest.mark.req("ORCH-3302", "NARR-3009")

SECRET = "q7Zk2Xw9" + "Lr4Tn8Vb3Mc6"


def nested(depth: int) -> dict[str, Any]:
    value: dict[str, Any] = {"password": SECRET}
    for _ in range(depth):
        value = {"n": value}
    return value


@dataclasses.dataclass
class Config:
    host: str
    password: str


class Loud:
    def __str__(self) -> str:
        return f"token={SECRET}"


class Broken:
    def __str__(self) -> str:
        raise RuntimeError(f"password={SECRET}")


class Pair(NamedTuple):
    name: object
    value: object


def raised() -> BaseException:
    try:
        try:
            raise OSError(f"no route with password={SECRET}")
        except OSError as error:
            raise ValueError("could not connect") from error
    except ValueError as error:
        error.add_note(f"tried token {SECRET} at last: api_key={SECRET}")
        return error


VALUES: tuple[object, ...] = (
    {"password": SECRET},
    {"a": [{"b": ({"clientSecret": SECRET},)}]},
    nested(40),
    nested(500),
    {"headers": [["Authorization", f"Bearer {SECRET}"], ["Accept", "*/*"]]},
    {"headers": [(b"x-api-key", SECRET.encode())]},
    {"headers": {"Cookie": f"theme=dark; sid={SECRET}"}},
    {"argv": ["tool", "--password", SECRET, "--region", "eu"]},
    {"argv": ["curl", "-u", f"bob:{SECRET}"]},
    {"token": SECRET.encode()},
    {"body": f"password={SECRET}".encode()},
    {"body": bytearray(f"password={SECRET}".encode())},
    {"body": memoryview(f"password={SECRET}".encode())},
    {f"token:{SECRET}": 1},
    {("tuple", f"password={SECRET}"): 1},
    {"credentials": {"user": "ann", "value": SECRET}},
    {"secrets": [SECRET, [SECRET]]},
    {"env": [{"name": "DB_PASSWORD", "value": SECRET}]},
    {f"password={SECRET}"},
    frozenset({f"password={SECRET}"}),
    OrderedDict(password=SECRET),
    MappingProxyType({"password": SECRET}),
    Pair("password", SECRET),
    Config("db1", SECRET),
    Loud(),
    Broken(),
    raised(),
    ExceptionGroup("several", [ValueError("fine"), ValueError(f"password={SECRET}")]),
    [raised()],
)


@pytest.mark.parametrize(
    "value", VALUES, ids=[f"{number} {type(value).__name__}" for number, value in enumerate(VALUES)]
)
def test_the_secret_leaves_nowhere(value: object) -> None:
    hidden = Redactor().value(value)
    told = f"{hidden!r} {hidden}"
    if isinstance(hidden, dict):
        told += "".join(map(str, hidden.values()))
    assert SECRET[:7] not in told
    assert SECRET[-7:] not in told


def test_a_card_as_a_number() -> None:
    assert redact({"card": 4242424242424242}) == {"card": MARKER}
    assert redact({"n": 4242424242424241}) == {"n": 4242424242424241}


def test_numbers_that_a_name_makes_secret() -> None:
    assert redact({"pin": 48213, "otp": 918273, "password": 12345678}) == dict.fromkeys(
        ("pin", "otp", "password"), MARKER
    )
    clean = {"tokens": 512, "secrets": 3, "password_attempts": 5, "token": 7, "passed": True, "pin": None}
    assert redact(clean) is clean


def test_types_are_kept_and_clean_parts_stay() -> None:
    value = {
        "t": (1, f"password={SECRET}"),
        "p": Pair("a", f"password={SECRET}"),
        "o": OrderedDict(password=SECRET),
        "l": [1],
    }
    hidden = redact(value)
    assert hidden["t"] == (1, "password=[REDACTED]")
    assert hidden["p"] == Pair("a", "password=[REDACTED]")
    assert type(hidden["o"]) is OrderedDict
    assert hidden["l"] is value["l"]
    assert value["o"]["password"] == SECRET  # the caller's own value is not touched


def test_a_clean_value_is_the_same_object() -> None:
    for value in (
        {"a": [1, ("b", b"c")], "keys": ["x"]},
        [None, 1.5],
        {"x"},
        b"bytes",
        5,
        None,
        Config("h", ""),
        ValueError("x"),
    ):
        assert redact(value) is value


def test_cycles_and_huge_values_end() -> None:
    cycle: dict[str, Any] = {"password": SECRET}
    cycle["again"] = [cycle, cycle]
    assert SECRET not in str(redact(cycle))
    assert SECRET not in str(redact([{"password": SECRET}] * 50_000))


def test_a_value_that_cannot_be_told_becomes_the_marker() -> None:
    redactor = Redactor()
    assert redactor.value({"x": Broken()}) == MARKER
    assert redactor.counts["internal-error"] == 1


class Colour(enum.StrEnum):
    RED = "red"


def test_text_of_other_types() -> None:
    assert redact({"c": Colour.RED})["c"] is Colour.RED


def test_fields_of_an_event() -> None:
    redactor = Redactor()
    event: dict[str, object] = {
        "emitted_at_ms": 1_795_000_000_000,
        "actor": "pool-managerd",
        "human": "Spawning engine on GPU0",
        "correlation_id": "0b0e9a3e-43f6-4a6a-9d9c-0a6c1a0e6a11",
        "identity": "token:ab12cd",
        "source_location": "worker/narration_worker/points.py:41:6",
        "tokens_in": 12,
        "emitted_by": "pool-managerd@0.1.0",
        "duration_ms": 12.5,
        "parent_span_id": "35dd33fc86b3584a",
        "nested": {"a": 1},
    }
    assert redactor.fields(event) is event
    assert redactor.fields(MappingProxyType(event)) == event
    for bad in (
        {"password": "x1y2"},
        {"note": f"token={SECRET}"},
        {"deep": {"a": [SECRET, {"pwd": SECRET}]}},
        {f"k password={SECRET}": 1},
    ):
        for _ in (1, 2):  # a key that was seen before is looked at again
            hidden = redactor.fields({**event, **bad})
            assert SECRET not in str({key: value for key, value in hidden.items() if key != "deep"})
            assert "x1y2" not in str(hidden)
            assert {key: hidden[key] for key in event} == event


def test_the_gate_says_nothing_about_usual_events() -> None:
    redactor = Redactor()
    for told in (
        '"action":"spawn","target":"GPU0","human":"Spawning llamacpp-v1 on GPU0","tokens_in":12,"tokens_out":512',
        '"identity":"token:ab12cd","correlation_id":"0b0e9a3e-43f6-4a6a-9d9c-0a6c1a0e6a11","session_id":"session-9"',
        '"source_location":"points.py:41:6","emitted_by":"worker@0.1.0","trace_id":"4bf92f3577b34da6a3ce929d0e0e4736"',
        '"human":"Model llama-3.1-8b-instruct loaded in 3412 ms","duration_ms":3412.5,"percent":100',
        "2026-11-20T10:12:01.123Z GET /v1/completions?page=2 200 in 12.5 ms from 10.0.0.17:52213",
    ):
        assert not redactor.gate(told), told


@pytest.mark.parametrize("name", ["hash", "tx_hash", "content_hash", "s3_key", "primary_key"])
def test_a_hash_under_its_own_name_stays(name: str) -> None:
    event = {"event": "stored", name: "826aaae82378b40c1164abd298f7b20a75ff42475ca4e1b2bd12a76bcf10e29d"}
    assert redact(event) is event


def test_a_password_asked_for_twice_goes_twice() -> None:
    given = {"password": "meadow-falcon", "passwordConfirmation": "meadow-falcon", "smtp_pass_prod": "meadow-falcon"}
    assert redact(given) == dict.fromkeys(given, "[REDACTED]")


@pytest.mark.parametrize("naming", ["name", "key", "field", "param", "header"])
def test_a_value_is_judged_by_the_name_beside_it(naming: str) -> None:
    assert redact([{naming: "db_password", "value": "meadow"}]) == [{naming: "db_password", "value": MARKER}]
