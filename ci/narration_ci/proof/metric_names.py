"""Check of Prometheus metric names, in the exposition text that a test saved."""

import re
from typing import Final

from narration_ci.findings import Finding

_NAME: Final = re.compile(r"[a-z][a-z0-9_]*")
_TYPE: Final = re.compile(r"# TYPE (?P<name>\S+) (?P<type>\S+)")
_SAMPLE: Final = re.compile(r"(?P<name>[^\s{]+)(?:\{(?P<labels>.*)\})? \S+")
_LABEL: Final = re.compile(r'(?P<name>[^=,\s"]+)="(?:[^"\\]|\\.)*"')
_MEASURED: Final = ("histogram", "summary")
_UNITS: Final = ("_seconds", "_ms", "_bytes", "_ratio", "_tokens", "_percent")
_PARTS: Final = ("_bucket", "_count", "_sum", "_created")
# A series for each request would fill the memory of the collector.
_PER_REQUEST: Final = frozenset({"correlation_id", "job_id", "session_id", "task_id", "trace_id", "span_id"})
# Exported by the client library itself.
_FOREIGN: Final = ("python_", "process_")


def _family(name: str, types: dict[str, str]) -> str:
    for part in _PARTS:
        if name.endswith(part) and name.removesuffix(part) in types:
            return name.removesuffix(part)
    return name


def _of_family(name: str, kind: str, place: str) -> list[Finding]:
    rules = (
        (not _NAME.fullmatch(name), "has an invalid name", "use [a-z0-9_], starting with a letter"),
        (kind == "counter" and not name.endswith("_total"), "is a counter", "the name of a counter ends in _total"),
        (kind != "counter" and name.endswith("_total"), f"is a {kind}", "only the name of a counter ends in _total"),
        (
            kind in _MEASURED and not name.endswith(_UNITS),
            f"is a {kind} without a unit",
            f"end it in one of {', '.join(_UNITS)}",
        ),
        (kind == "untyped", "has no type", "export it with a # TYPE line"),
    )
    return [Finding("metric-name", place, f"metric {name} {what}", why) for wrong, what, why in rules if wrong]


def check(text: str, name: str) -> tuple[list[str], list[Finding]]:
    """Return the metrics of an exposition text, and what is wrong with their names and labels.

    Args:
        text: the answer of `GET /metrics`.
        name: of the text, in messages.
    """
    types: dict[str, str] = {}
    findings: list[Finding] = []
    labels: set[tuple[str, str]] = set()
    for number, line in enumerate(text.splitlines(), start=1):
        place = f"{name}:{number}"
        declared, sample = _TYPE.match(line), None if line.startswith("#") else _SAMPLE.match(line)
        if declared and not declared["name"].startswith(_FOREIGN):
            types[declared["name"]] = declared["type"]
            # Gauges named *_created belong to the counter beside them.
            if not declared["name"].endswith("_created"):
                findings += _of_family(declared["name"], declared["type"], place)
        elif sample and not sample["name"].startswith(_FOREIGN):
            family = _family(sample["name"], types)
            if family not in types:
                types[family] = "untyped"
                findings += _of_family(family, "untyped", place)
            for label in _LABEL.finditer(sample["labels"] or ""):
                if label["name"] in _PER_REQUEST and (family, label["name"]) not in labels:
                    labels.add((family, label["name"]))
                    why = "every request would be a series of its own; narrate it instead"
                    findings.append(
                        Finding("metric-label", place, f"metric {family} has the label {label['name']}", why)
                    )
    return sorted(family for family in types if not family.endswith("_created")), findings
