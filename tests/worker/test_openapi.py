"""The description of the API is made of the types that validate, and says what the worker does."""

import json
import re

import msgspec
import pytest

from narration_worker.errors import CODES
from narration_worker.http.openapi import document
from narration_worker.requests import ExecuteRequest, parse_execute


@pytest.fixture(scope="module")
def api():
    return msgspec.json.decode(msgspec.json.encode(document()))


def references(value):
    if isinstance(value, dict):
        if "$ref" in value:
            yield value["$ref"]
        for inner in value.values():
            yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


@pytest.mark.req("API-01")
def test_every_reference_leads_somewhere(api):
    known = {f"#/components/schemas/{name}" for name in api["components"]["schemas"]}
    used = set(references(api))
    assert used <= known
    assert known <= used


@pytest.mark.req("API-01")
def test_every_field_of_a_request_is_described_with_its_limits(api):
    described = api["components"]["schemas"]["ExecuteRequest"]
    assert set(described["properties"]) == {field.name for field in msgspec.structs.fields(ExecuteRequest)}
    assert "required" not in described or described["required"] == []  # a prompt or messages
    assert described["additionalProperties"] is False
    for name, shape in described["properties"].items():
        assert shape["description"], name


@pytest.mark.req("API-01", "M0-W-1302")
@pytest.mark.parametrize(
    ("field", "limit", "beyond"),
    [
        ("max_tokens", "maximum", 4097),
        ("max_tokens", "minimum", 0),
        ("temperature", "maximum", 2.5),
        ("top_p", "maximum", 1.5),
        ("repetition_penalty", "maximum", 2.5),
        ("prompt", "maxLength", "x" * 32769),
    ],
)
def test_a_limit_in_the_description_is_the_limit_that_is_enforced(api, field, limit, beyond):
    shape = api["components"]["schemas"]["ExecuteRequest"]["properties"][field]
    shape = next((option for option in shape.get("anyOf", ()) if limit in option), shape)
    at = "x" * shape[limit] if limit.endswith("Length") else shape[limit]
    for value, refused in ((at, False), (beyond, True)):
        _, faults = parse_execute(json.dumps({"prompt": "p", field: value}).encode())
        assert bool(faults) == refused, (field, value)


@pytest.mark.req("API-01", "M0-W-1030")
def test_the_largest_seed_is_described(api):
    (shape,) = [
        option
        for option in api["components"]["schemas"]["ExecuteRequest"]["properties"]["seed"]["anyOf"]
        if option["type"] == "integer"
    ]
    assert (shape["minimum"], shape["maximum"]) == (0, 2**64 - 1)


@pytest.mark.req("API-01", "M0-W-1310")
def test_every_event_of_a_stream_has_a_type(api):
    content = api["paths"]["/execute"]["post"]["responses"]["200"]["content"]["text/event-stream"]
    assert {"started", "narration", "token", "metrics", "end", "error"} <= set(content["x-sse-events"])


@pytest.mark.req("API-01", "M0-W-1500")
def test_every_status_that_a_request_can_be_refused_with_is_described(api):
    described = set(api["paths"]["/execute"]["post"]["responses"])
    before_the_stream = ("INVALID_REQUEST", "MISSING_TOKEN", "CONFLICT", "QUEUE_FULL", "LOADING")
    assert {str(CODES[code].status) for code in before_the_stream} <= described


def shapes(value):
    if isinstance(value, dict):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from shapes(inner)


@pytest.mark.req("API-01")
def test_it_promises_generators_of_clients_nothing_that_does_not_hold(api):
    """A default of null reads as "always there", an object without anything known as "always empty"."""
    found = [shape for schema in api["components"]["schemas"].values() for shape in shapes(schema)]
    assert [shape for shape in found if shape.get("default", 0) is None] == []
    objects = [shape for shape in found if shape.get("type") == "object"]
    assert len(objects) > 10
    assert [shape for shape in objects if not shape.keys() & {"properties", "additionalProperties"}] == []


@pytest.mark.req("API-01")
def test_operations_are_named_once(api):
    names = [told["operationId"] for methods in api["paths"].values() for told in methods.values()]
    assert len(names) == len(set(names))


@pytest.mark.req("API-01")
def test_the_page_loads_nothing_from_elsewhere(root):
    page = (root / "narration_core" / "serving" / "docs.html").read_text("utf-8")
    assert not re.findall(r"""(?:src|href|url|import|fetch)\s*[=(]\s*["']?\s*(?:https?:)?//""", page)
    assert "innerHTML" not in page


@pytest.mark.req("API-01", "AUTH-1001", "AUTH-1004")
@pytest.mark.parametrize(
    ("rule", "said"), [("needed", [{"token": []}]), ("optional", [{"token": []}, {}]), ("none", [])]
)
def test_it_says_whether_a_token_is_needed(rule, said):
    assert document(rule)["security"] == said
