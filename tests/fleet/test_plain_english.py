"""What is wrong with data is said in plain English, and what was sent is never repeated."""

from typing import Any

import msgspec
import pytest

from fleet.catalogue import Catalogue, CatalogueError
from fleet.plain_english import what_is_wrong
from fleet.wire import EngineWanted, ReplicaWanted, TaskWanted

SECRET = "password=Xk92-made-up"
NAME = "must be 1 to 64 letters, digits, dots, dashes or underscores, a letter or digit first"


def said(data: Any, kind: type[msgspec.Struct], **names: str) -> str:
    with pytest.raises(msgspec.ValidationError) as caught:
        msgspec.convert(data, kind)
    return what_is_wrong(caught.value, kind, names)


@pytest.mark.req("FLEET-03")
@pytest.mark.parametrize(
    ("data", "kind", "words"),
    [
        ({}, TaskWanted, "prompt is missing"),
        ({"prompt": ""}, TaskWanted, "prompt must not be empty"),
        ({"prompt": "x" * 20_001}, TaskWanted, "prompt may have at most 20000 characters"),
        ({"prompt": 7}, TaskWanted, "prompt must be text, not a whole number"),
        ({"prompt": "x", "max_tokens": 0}, TaskWanted, "max_tokens must be at least 1"),
        ({"prompt": "x", "max_tokens": 5000}, TaskWanted, "max_tokens must be at most 4096"),
        ({"prompt": "x", "max_tokens": "many"}, TaskWanted, "max_tokens must be a whole number, not text"),
        ({"prompt": "x", "seed": None}, TaskWanted, "seed must be a whole number, not null"),
        ({"prompt": "x", "model_ref": SECRET}, TaskWanted, f"model_ref {NAME}"),
        ({"device": SECRET}, EngineWanted, "device must be gpu or cpu"),
        ({"model_ref": [1]}, ReplicaWanted, "model_ref must be text, not a list"),
        ([], EngineWanted, "the body must be an object, not a list"),
    ],
)
def test_every_mistake_is_said_in_words(data: Any, kind: type[msgspec.Struct], words: str) -> None:
    assert said(data, kind) == words


def test_a_field_is_called_what_the_user_typed() -> None:
    assert said({"prompt": ""}, TaskWanted, prompt="the prompt") == "the prompt must not be empty"
    assert said({}, TaskWanted, prompt="the prompt") == "the prompt is missing"


def test_what_nobody_foresaw_is_said_without_what_was_sent() -> None:
    error = msgspec.ValidationError(f"Something new about {SECRET} - at `$.device`")
    assert what_is_wrong(error, EngineWanted) == "device is not what is expected"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, "cannot be read: no such file or directory"),
        ("{", "is not a catalogue: it is not valid JSON"),
        ("{}", "is not a catalogue: models is missing"),
        (
            '{"models": [{"model_ref": "a", "path": "a", "sha256": "none"}]}',
            "is not a catalogue: models[0].sha256 must be 64 hexadecimal digits",
        ),
        ('{"models": [], "more": 1}', "is not a catalogue: the body has a field that is not known"),
    ],
)
def test_a_file_that_is_no_catalogue_is_named_with_the_reason(tmp_path: Any, text: str | None, words: str) -> None:
    path = tmp_path / "catalogue.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(CatalogueError) as caught:
        Catalogue(path)
    assert str(caught.value) == f"{path} {words}"
