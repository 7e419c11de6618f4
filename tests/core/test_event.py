import inspect
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import narration_core
from narration_core import MemorySink, Narrator, register_field
from narration_core import _taxonomy as taxonomy
from narration_core._call_signature import Emit
from narration_core._coercion import FIELD_TYPES
from narration_core._event import FIELDS, HEAD, Event, decode, encode, formatted, from_fields, sentence

CONTRACT = (
    "emitted_at_ms, level, actor, action, target, human, cute, story, "
    "correlation_id, trace_id, span_id, parent_span_id, job_id, "
    "session_id, task_id, pool_id, replica_id, worker_id, hive_id, "
    "engine, engine_version, model_ref, device, gpu_device, event, percent, "
    "error_kind, retry_after_ms, backoff_ms, duration_ms, queue_position, predicted_start_ms, tokens_in, tokens_out, "
    "decode_time_ms, identity, emitted_by, source_location"
).split(", ")


@pytest.mark.req("ORCH-3304")
def test_the_fields_are_those_of_the_contract_in_its_order():
    assert list(FIELDS) == CONTRACT
    assert list(taxonomy.MEANING) == CONTRACT


def test_keys_of_a_line_come_in_the_fixed_order():
    event = Event(
        **{
            name: 1 if name.endswith("_ms") else "info"
            for name in reversed(CONTRACT)
            if name[:3] not in {"per", "que", "tok"}
        }
    )
    keys = list(json.loads(encode(event)))
    assert keys == [name for name in CONTRACT if name in keys]


def test_unset_fields_are_absent():
    assert encode(Event(actor="a", action="b")) == b'{"actor":"a","action":"b"}'


def test_extra_fields_follow_in_the_flat_object():
    line = encode(Event(actor="a", action="b", extra={"zeta": 1, "alpha": [2]}))
    assert line == b'{"actor":"a","action":"b","zeta":1,"alpha":[2]}'
    assert decode(line).extra == {"zeta": 1, "alpha": [2]}


@pytest.mark.req("ORCH-3310")
def test_the_old_name_of_decode_time_is_read():
    assert decode(b'{"actor":"a","action":"b","decode_ms":7}').decode_time_ms == 7
    assert decode(b'{"actor":"a","action":"b","decode_ms":7,"decode_time_ms":8}').decode_time_ms == 8


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b"garbage", "not a JSON object"),
        (b"[1]", "not a JSON object"),
        (b'{"actor":"a"}', "no actor and action"),
        (b'{"actor":"a","action":"b","percent":"many"}', "percent"),
        (b'{"actor":"a","action":"b","level":"loud"}', "unknown level"),
        (b"[" * 5000, "not a JSON object"),
        (b" " * (1 << 20) + b"{}", "longer than"),
        (b'{"actor":"\xff"}', "not a JSON object"),
    ],
)
def test_a_line_that_is_no_event_is_refused_with_a_reason(line, why):
    with pytest.raises(ValueError, match=why):
        decode(line)


@pytest.mark.req("SSE-03")
def test_the_formatted_line():
    event = Event(actor="pool", action="spawn", human="Spawning engine")
    assert formatted(event) == "[pool      ] spawn          : Spawning engine"


@pytest.mark.req("NARR-1008")
def test_display_modes_fall_back_to_human():
    both = Event(actor="a", action="b", human="plain", cute="warm")
    assert [sentence(both, mode) for mode in ("human", "cute", "story")] == ["plain", "warm", "plain"]


def test_the_schema_describes_every_field_and_extra_fields():
    register_field("temperature_test", float, "how hot")
    schema = taxonomy.json_schema()
    assert [*schema["properties"]][: len(CONTRACT)] == CONTRACT
    assert schema["properties"]["temperature_test"] == {"description": "how hot", "type": "number"}
    assert "mute" not in schema["properties"]["level"]["enum"]


def test_the_taxonomy_is_yaml():
    import yaml

    read = yaml.safe_load(taxonomy.as_yaml())
    assert [field["name"] for field in read["fields"]][: len(CONTRACT)] == CONTRACT
    assert all(field["type"] and field["meaning"] for field in read["fields"])


def test_the_published_schema_is_the_current_one(root):
    for path in ("docs/event.schema.json", "narration_core/schema/event.schema.json"):
        published = json.loads((root / path).read_text("utf-8"))
        for name in CONTRACT:
            assert published["properties"][name] == taxonomy.json_schema()["properties"][name], (path, name)


@pytest.mark.parametrize("name", ["human", "Bad Name", "decode_ms", "extra", ""])
def test_a_field_name_that_is_taken_or_invalid_is_refused(name):
    with pytest.raises(ValueError, match="cannot register"):
        register_field(name, str, "x")


def test_a_field_cannot_change_its_type():
    register_field("fixed_type_test", int, "x")
    register_field("fixed_type_test", int, "again is fine")
    with pytest.raises(ValueError, match="it is int already"):
        register_field("fixed_type_test", str, "x")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.req("ORCH-3303")
@given(
    action=st.text(max_size=20),
    target=st.text(max_size=50),
    human=st.text(max_size=200),
    fields=st.dictionaries(st.sampled_from([*CONTRACT[6:], "odd one", "temperature_test"]), json_values, max_size=6),
)
def test_any_content_gives_exactly_one_valid_line(action, target, human, fields):
    from narration_core import configure

    memory = MemorySink()
    configure(sinks=[memory], strict=False)
    try:
        Narrator("tester").warn(action, target, human, **fields)
        (line,) = memory.lines
    finally:
        configure()
    assert b"\n" not in line
    assert len(line.decode().splitlines()) == 1
    read = json.loads(line)
    assert read["level"] == "warn"
    assert from_fields(read) == decode(line)


def test_the_signature_of_a_call_has_every_field_that_a_call_may_give_with_its_type():
    given = inspect.signature(Emit.__call__).parameters
    keywords = {name: par.annotation for name, par in given.items() if par.kind is par.KEYWORD_ONLY}
    assert list(keywords) == [name for name in CONTRACT if name not in HEAD or name in {"cute", "story"}]
    types = {str: str | None, int: int | None, float: float | None}
    assert keywords == {name: types[FIELD_TYPES[name][-1]] for name in keywords}


def test_a_new_field_is_one_line_of_the_event(tmp_path):
    """A copy of the package with one more field: the line, the fast path, the types and the listings all know it."""
    package = tmp_path / "narration_core"
    shutil.copytree(Path(narration_core.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__"))
    event = package / "_event.py"
    line = '    identity: Annotated[str | None, "'
    new = '    shelf_token: Annotated[int | None, "which shelf"] = None\n'
    event.write_text(event.read_text("utf-8").replace(line, new + line), "utf-8")
    program = """
from narration_core import *
from narration_core import _taxonomy
from narration_core.contract import is_field
memory = MemorySink()
configure(sinks=[memory], strict=False, service="s", version="1")
narrate = Narrator("tester")
narrate("act", "thing", "On {shelf_token}", shelf_token=12345678, identity="x")
narrate("act", "thing", "On {shelf_token} \N{SNOWMAN}", shelf_token="12345678", identity="x")
assert stats()["fast_path"] == {"taken": 1, "missed": 1, "failed": 0}, stats()
for line in memory.lines:
    assert b'"shelf_token":12345678,"identity":"x"' in line, line
    assert decode(line).shelf_token == 12345678
assert redact({"shelf_token": "Xk29fjQ0aLs8"}) == {"shelf_token": "Xk29fjQ0aLs8"}
assert "name: shelf_token\\n    type: integer\\n    meaning: 'which shelf'" in _taxonomy.as_yaml()
assert is_field("shelf_token")
"""
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    environment.pop("PYTEST_VERSION", None)
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
