"""The description of the hub's API names every endpoint, and every type that it names is there."""

import msgspec
import pytest

from narration_hub import wire
from narration_hub.config import Settings
from narration_hub.exchange import Exchange
from narration_hub.http.openapi import document
from narration_hub.http.server import Server
from narration_hub.tickets import Tickets


@pytest.fixture(scope="module")
def api():
    return msgspec.json.decode(msgspec.json.encode(document(needs_token=True)))


def references(value):
    if isinstance(value, dict):
        if "$ref" in value:
            yield value["$ref"].rpartition("/")[2]
        for inner in value.values():
            yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


@pytest.mark.req("API-01")
def test_every_endpoint_is_described_and_nothing_else(api):
    app = Server(Exchange(Settings()), Tickets()).application()
    served = {
        (method.lower(), resource.canonical)
        for resource in app.router.resources()
        for method in {route.method for route in resource} - {"HEAD"}
        if not resource.canonical.startswith("/panel/")
    }
    described = {
        (method, path.replace("{job_id}", "{name}").replace("{correlation_id}", "{name}"))
        for path, methods in api["paths"].items()
        for method in methods
    }
    assert described == served


@pytest.mark.req("API-01")
def test_every_type_is_there_and_used(api):
    schemas = api["components"]["schemas"]
    assert set(references(api)) == set(schemas)
    assert set(wire.STREAM_EVENTS) == {"hello", "narration", "gap", "reset", "end"}


@pytest.mark.req("API-01")
def test_every_field_is_explained(api):
    silent = [
        f"{name}.{field}"
        for name, schema in api["components"]["schemas"].items()
        for field, shape in schema.get("properties", {}).items()
        if "description" not in shape
    ]
    assert silent == []
