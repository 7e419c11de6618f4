"""What an exception repeats of a secret that has a name where it was raised is hidden; the rest of it is told."""

import json
import logging
from types import SimpleNamespace

import pytest

from narration_core import Narrator
from narration_core.bridges.stdlib import NarrationHandler

SECRET = "hunter2-Zx81-made-up"
narrate = Narrator("till")


def by_variable():
    password = SECRET
    int(password)


def by_form():
    form = {"user": "bob", "password": SECRET}
    int(form["password"])


def by_lists_of_a_form():
    form = {"password": [SECRET]}
    int(form["password"][0])


def by_attribute():
    login = SimpleNamespace(user="bob", credentials=SimpleNamespace(password=SECRET))
    int(login.credentials.password)


def by_a_body_that_is_not_a_variable():
    request = SimpleNamespace(body=json.dumps({"user": "bob", "password": SECRET}).encode())
    int(json.loads(request.body)["password"])


def by_header():
    scope = {"headers": [(b"host", b"shop"), (b"x-api-key", SECRET.encode())]}
    raise RuntimeError(f"cannot read {scope['headers'][1][1].decode()} here")


def by_quotes():
    password = "it's \"" + SECRET
    raise RuntimeError(f"cannot read {password!r}")


def by_cause():
    try:
        by_form()
    except ValueError as error:
        raise LookupError("no such user") from error


@pytest.mark.parametrize(
    "fail",
    [
        by_variable,
        by_form,
        by_lists_of_a_form,
        by_attribute,
        by_a_body_that_is_not_a_variable,
        by_header,
        by_quotes,
        by_cause,
    ],
)
def test_a_secret_that_has_a_name_where_it_fails_is_hidden_in_the_exception(narration, fail):
    with pytest.raises((ValueError, RuntimeError, LookupError)), narrate.span("login", "bob", "Logging in"):
        fail()
    told = narration.assert_event(action="login", level="error")
    assert SECRET not in str(told)
    assert "[REDACTED]" in told.extra["exception"]


def test_a_sentence_that_repeats_the_exception_hides_it_too(narration):
    try:
        by_form()
    except ValueError as error:
        narrate.error("login", "bob", f"Could not log in: {error}")
    told = narration.assert_event(action="login")
    assert told.human == "Could not log in: invalid literal for int() with base 10: '[REDACTED]'"


@pytest.mark.parametrize("method", ["exception", "error"])
def test_a_log_line_about_the_exception_hides_it_too(memory, monkeypatch, method):
    log = logging.getLogger("careless")
    monkeypatch.setattr(log, "handlers", [NarrationHandler()])
    try:
        by_form()
    except ValueError as error:
        getattr(log, method)("cannot log in: %s", error)
    (told,) = map(json.loads, memory.lines)
    assert told["human"] == "cannot log in: invalid literal for int() with base 10: '[REDACTED]'"
    assert SECRET not in str(told)


def test_what_has_no_secret_name_is_told(narration):
    def fail():
        user, token, password = "bobby-tables", "none", "bob"
        raise LookupError(f"no user {user}, none of {token} for {password}")

    with pytest.raises(LookupError), narrate.span("login", "bob", "Logging in"):
        fail()
    exception = narration.assert_event(action="login", level="error").extra["exception"]
    assert exception == "LookupError: no user bobby-tables, none of none for bob"


def test_variables_that_cannot_be_looked_at_or_never_end_harm_nothing(narration):
    class Odd(dict):
        def __getattribute__(self, name):
            raise RuntimeError(name)

        def items(self):
            raise RuntimeError("items")

    def fail():
        odd = Odd(password=SECRET)
        circle = [odd]
        circle.append(circle)
        many = [{"n": number, "all": circle} for number in range(100_000)]
        password = SECRET
        raise LookupError(f"{password} in {len(many)}")

    with pytest.raises(LookupError), narrate.span("login", "bob", "Logging in"):
        fail()
    assert (
        narration.assert_event(action="login", level="error").extra["exception"] == "LookupError: [REDACTED] in 100000"
    )
