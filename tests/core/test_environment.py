"""Switches in the environment are read in one way."""

import pytest

from narration_core._environment import switch


@pytest.mark.parametrize("value", ["1", "true", "YES", " on ", "True"])
@pytest.mark.parametrize("default", [True, False])
def test_what_switches_on(value, default):
    assert switch("X", default=default, environ={"X": value}) is True


@pytest.mark.parametrize("value", ["0", "false", "no", "off", "nonsense"])
@pytest.mark.parametrize("default", [True, False])
def test_anything_else_switches_off(value, default):
    assert switch("X", default=default, environ={"X": value}) is False


@pytest.mark.parametrize("environ", [{}, {"X": ""}, {"X": "  "}])
@pytest.mark.parametrize("default", [True, False])
def test_without_a_value_the_default_counts(environ, default):
    assert switch("X", default=default, environ=environ) is default
