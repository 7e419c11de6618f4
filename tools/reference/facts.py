"""The tables of facts: fields, metrics, errors, environment variables."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from narration_core._event import FIELDS
from narration_core._taxonomy import json_schema
from narration_core.cli._catalogue import load, registered
from narration_core.environment import VARIABLES
from narration_hub import metrics as hub_metrics
from narration_hub.config import Settings
from narration_hub.errors import CODES as HUB_CODES
from narration_hub.exchange import Exchange
from narration_hub.http.openapi import document as hub_document
from narration_hub.store import Store
from narration_worker.errors import CODES as WORKER_CODES
from narration_worker.http.openapi import document as worker_document
from narration_worker.metrics import Metrics
from tools.reference.markdown import code, line, table

ROOT: Final = Path(__file__).resolve().parents[2]
_MOST_ROUTES: Final = 3
_CORE_FIELDS: Final = tuple(
    ".".join(path.relative_to(ROOT).with_suffix("").parts)
    for path in sorted((ROOT / "narration_core").rglob("*.py"))
    if "\nregister_field(" in path.read_text("utf-8")
)
"""The modules of the library that register fields."""


def fields_page() -> str:
    """Return the page of an event's fields as Markdown."""
    lines = [
        "# Fields of an event",
        "",
        (
            "The fields of an event's JSON line, in their order; `narration taxonomy` prints the same. Machines read"
            " [the JSON Schema](../event.schema.json)."
        ),
        "",
    ]
    schema = json_schema()
    shapes = schema["properties"]
    rows = (
        (
            code(name),
            _type(shapes[name]),
            "yes" if name in schema["required"] else "",
            line(shapes[name]["description"]),
        )
        for name in FIELDS
    )
    lines += table(("field", "value", "always there", "meaning"), rows)
    lines += [
        "## Fields that our own services add",
        "",
        "`register_field` gives a field of your own a type and a meaning in the same way.",
        "",
    ]
    return "\n".join([*lines, *table(("field", "value", "of", "meaning"), _registered_fields())])


def _registered_fields() -> list[tuple[str, str, str, str]]:
    """Return the fields that the library and the services register, each read in a process of its own."""
    program = "import sys, json, narration_core._build, {}; from narration_core._taxonomy import *; "
    program += "json.dump([(f.name, f.type.__name__, f.meaning) for f in extra_fields().values()], sys.stdout)"
    owners = {"the library": ", ".join(_CORE_FIELDS)} | {
        load(name).name: name.partition(":")[0] for name in registered()
    }
    found: dict[tuple[str, str, str], list[str]] = {}
    for owner, module in owners.items():
        done = subprocess.run([sys.executable, "-c", program.format(module)], capture_output=True, check=True)
        for name, kind, meaning in msgspec.json.decode(done.stdout):
            found.setdefault((name, kind, meaning), []).append(owner)
    names = {"str": "string", "int": "integer", "float": "number", "bool": "boolean", "list": "array", "dict": "object"}
    # What the library registers is there in every service.
    shown = {key: owners[:1] if owners[0] == "the library" else owners for key, owners in found.items()}
    rows = sorted((name, ", ".join(owners), kind, meaning) for (name, kind, meaning), owners in shown.items())
    return [(code(name), names[kind], owners, line(meaning)) for name, owners, kind, meaning in rows]


def _type(shape: dict[str, Any]) -> str:
    return " or ".join(option.get("type", "string") for option in shape.get("anyOf", [shape]))


def metrics_page() -> str:
    """Return the page of the metrics as Markdown."""
    lines = [
        "# Metrics",
        "",
        (
            "What `GET /metrics` answers, in Prometheus' text format. No metric has an id of a job or a request: every"
            " request would be a series of its own."
        ),
        "",
        "## worker",
        "",
        *table(("metric", "type", "labels", "meaning"), _worker_metrics()),
        "## hub",
        "",
        *table(("metric", "type", "meaning"), _hub_metrics()),
    ]
    return "\n".join(lines)


def _worker_metrics() -> Iterator[tuple[str, str, str, str]]:
    for family in Metrics("worker-1", lambda: 0, lambda: 0).registry.collect():
        total = "_total" if family.type == "counter" else ""
        labels = dict.fromkeys(
            [*getattr(family, "_labelnames", ()), *(name for sample in family.samples for name in sample.labels)]
        )
        shown = ", ".join(code(name) for name in labels if name != "le")
        yield code(family.name + total), family.type, shown, line(family.documentation)


def _hub_metrics() -> Iterator[tuple[str, str, str]]:
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder), 1 << 30, 1.0)
        exchange = Exchange(Settings(), store)
        written = hub_metrics.text(exchange).decode()
        exchange.close()
    kinds = dict(found.split(" ", 1) for found in _after("# TYPE ", written))
    for found in _after("# HELP ", written):
        name, meaning = found.split(" ", 1)
        yield code(name), kinds[name], line(meaning)


def _after(start: str, written: str) -> list[str]:
    return [each.removeprefix(start) for each in written.splitlines() if each.startswith(start)]


def errors_page() -> str:
    """Return the page of error codes as Markdown."""
    lines = [
        "# Errors",
        "",
        (
            "Every error of the worker and of the hub has a stable code, in the body of the answer;"
            " a stream of the worker ends with it, too."
        ),
        "",
    ]
    for name, codes, document in (
        ("worker", WORKER_CODES, worker_document()),
        ("hub", HUB_CODES, hub_document(needs_token=True)),
    ):
        routes = _routes(document)
        rows = (
            (
                code(each),
                str(given.status),
                "yes" if given.retriable else "no",
                line(given.hint or ""),
                _shown(routes.get(each, ())),
            )
            for each, given in codes.items()
        )
        lines += [f"## {name}", "", *table(("code", "status", "try again", "what to do", "answer of"), rows)]
    return "\n".join(lines)


def _shown(routes: Sequence[str]) -> str:
    if len(routes) > _MOST_ROUTES:
        return f"{len(routes)} routes"
    return ", ".join(routes) or "a stream, or the start"


def _routes(document: dict[str, Any]) -> dict[str, list[str]]:
    """Return the routes that answer with each code, as the description says."""
    found: dict[str, list[str]] = {}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            for answer in operation["responses"].values():
                for each in answer["description"].split(" or "):
                    found.setdefault(each, []).append(code(f"{method.upper()} {path}"))
    return found


def environment_page() -> str:
    """Return the page of environment variables as Markdown."""
    lines = [
        "# Environment variables",
        "",
        (
            "What a program says with `configure(...)` or an option comes before them. Switches are on with `1`,"
            " `true`, `yes` or `on`. A value that is not possible is told and ignored."
        ),
        "",
    ]
    rows = (
        (code(name), ", ".join(code(value) for value in given.values), line(given.default), line(given.meaning))
        for name, given in VARIABLES.items()
    )
    return "\n".join([*lines, *table(("variable", "values", "without it", "meaning"), rows)])
