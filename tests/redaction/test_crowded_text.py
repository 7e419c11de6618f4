# ruff: noqa: S311 - names that are made up
"""A long text full of names that are all different: nothing leaks, and time grows with its length."""

import json
import random
import string

import pytest

from benchmarks.redaction_crowds import CROWDS
from benchmarks.redaction_crowds import crowd as crowded
from narration_core.redaction import RedactionPolicy, Redactor, redact
from narration_core.redaction._spans import OVERLAP, PATIENCE, WINDOW, Secret, surroundings
from tests.redaction.test_adversarial import grows_with_its_length, seconds

pytestmark = pytest.mark.req("NARR-3007")

LONG = 240_000
SHAPES: dict[str, tuple[str, str]] = {
    "assignments": ("{name}_{word}={value}", " "),
    "JSON": ('"{name}_{word}": "{value}"', ", "),
    "YAML": ("{name}_{word}: {value}", "\n"),
    "headers": ("X-{name}-{word}: {value}", "\r\n"),
    "elements": ("<{name}-{word}>{value}</{name}-{word}>", "\n"),
    "escaped": ('\\"{name}_{word}\\": \\"{value}\\"', ", "),
    "records": ('{{"name": "{name}_{word}", "value": "{value}"}}', ", "),
    "record lines": ("name={name}_{word} value={value}", "\n"),
    "lists": ('"{name}_{word}": ["{value}"]', ", "),
    "lists of two": ('"{name}_{word}": ["{value}", "{value}"]', ", "),
    "objects of two": ('"{name}_{word}": {{"current": "{value}", "previous": "{value}"}}', ", "),
    "options": ("--{name}-{word} {value}", " "),
    "percent": ("{name}_{word}%3D{value}", "%26"),
    "sentences": ("the {word} for {name} is {value}.", " "),
    "statements": ("UPDATE {name} SET {word} = '{value}' WHERE id = 1;", "\n"),
    "blocks": ("{name}_{word}: |\n  {value}\n  of two words", "\n"),
    "listed": ("{name}_{word}:\n  - {value}\n  - {value}", "\n"),
    "objects": ('"{name}_{word}": {{"current": "{value}"}}', ", "),
    "several lines": ('{name}_{word} = """\n{value}"""', "\n"),
    "tables": ('[{name}]\n{word} = "{value}"', "\n"),
}


def crowd(shape: str, words: list[str], size: int) -> tuple[str, list[str]]:
    """Return a text of names, no two of them alike, and their values."""
    pick = random.Random(7)
    form, joint = SHAPES[shape]
    pieces, values, length = [], [], 0
    while length < size:
        name = "".join(pick.choices("bdfghjlmnr", k=7))
        value = "".join(pick.choices(string.ascii_letters, k=6)) + f"{pick.randrange(10**5):05}"
        values.append(value)
        pieces.append(form.format(name=name, word=pick.choice(words), value=value))
        length += len(pieces[-1]) + len(joint)
    return joint.join(pieces), values


@pytest.mark.parametrize(("shape", "engine"), [*((shape, "hyperscan") for shape in SHAPES), ("JSON", "ahocorasick")])
def test_every_secret_of_a_crowd_is_hidden(shape: str, engine: str) -> None:
    text, values = crowd(shape, ["password", "secret"], LONG)
    redactor = Redactor(RedactionPolicy(engine=engine))
    hidden = redactor.text(text)
    left = [value for value in values if value in hidden]
    assert not left
    assert redactor.text(hidden) == hidden


@pytest.mark.parametrize("sign", ["|", ",", "   "])
def test_a_table_of_any_length_is_read_by_its_head(sign: str) -> None:
    rows = [f"ann{number}{sign}t1n-whistle{number}{sign}{number}" for number in range(6000)]
    text = "\n".join([sign.join(["user", "password", "age"]), *rows, "", "the end"])
    hidden = Redactor().text(text)
    assert len(text) > 2 * WINDOW
    assert "t1n-whistle" not in hidden
    assert hidden.startswith(sign.join(["user", "password", "age"]))
    assert hidden.endswith(f"{sign}5999\n\nthe end")
    assert Redactor().text(hidden) == hidden


def test_rows_in_a_list_are_read_by_their_columns_however_many_they_are() -> None:
    rows = [[f"user{number}", f"meadow-Falcon{number % 97}x"] for number in range(3 * WINDOW // 30)]
    text = json.dumps({"columns": ["user", "password"], "rows": rows})
    hidden = redact(text)
    assert "meadow" not in hidden
    assert hidden.count("user") == len(rows) + 1


def test_a_crowd_of_harmless_names_stays() -> None:
    text, _ = crowd("assignments", ["count", "id", "name", "path"], LONG)
    assert Redactor().text(text) == text


def test_in_a_hurry_a_harmless_value_is_hidden_rather_than_judged() -> None:
    text, _ = crowd("assignments", ["token", "token_count"], LONG)
    names = Redactor().text(text).split(" ")
    assert len(text) > 3 * WINDOW
    assert len(names) > 3 * PATIENCE
    assert not any("token_count=[" in name for name in names[:1800])
    assert any("token_count=[" in name for name in names[3 * PATIENCE :])


def test_what_a_second_look_finds_in_a_long_text_costs_no_third_look_at_all_of_it() -> None:
    text, _ = crowd("sentences", ["password", "secret", "token", "key"], 4 * LONG)
    redactor = Redactor()
    redactor.warm_up()
    scan, scanned = redactor.hits, []

    def counted(piece: str) -> list[int]:
        scanned.append(len(piece))
        return scan(piece)

    redactor.hits = counted
    hidden = redactor.text(text)
    assert sum(scanned) < 5 * len(text)
    scanned.clear()
    assert redactor.text(hidden) == hidden
    assert scanned


@pytest.mark.parametrize("at", [10, 50_000, 99_990])
def test_the_surroundings_of_a_change_end_between_words(at: int) -> None:
    text = "words and " * 10_000
    change = Secret(at, at + 4, "x")
    ((start, end),) = surroundings(text, [change, Secret(at + 5, at + 6, "y")])
    assert start <= max(at - OVERLAP, 0) < min(at + OVERLAP, len(text)) <= end + len("words and ")
    assert start == 0 or text[start - 1] == " "
    assert end == len(text) or text[end - 1] == " "


def test_time_grows_with_the_length_of_a_crowd() -> None:
    small, large = (crowd("assignments", ["password", "secret", "token", "key"], size)[0] for size in (30_000, 240_000))
    assert grows_with_its_length(small, large)


@pytest.mark.parametrize("shape", CROWDS)
def test_no_crowd_costs_many_times_what_another_costs(shape: str) -> None:
    usual, text = (crowded(of, 60_000) for of in ("assignments", shape))
    assert min(seconds(text) for _ in range(2)) <= 12 * min(seconds(usual) for _ in range(3))
