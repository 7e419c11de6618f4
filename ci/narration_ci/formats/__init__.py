"""The formats of coverage reports, for people and for other programs: one module for each."""

from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

from narration_ci.formats import cobertura, html, json, junit, lcov, markdown, sarif
from narration_ci.measure.measurement import Measurement


class Format(NamedTuple):
    """A format of coverage reports.

    Attributes:
        file: the name of its file.
        render: returns its text.
    """

    file: str
    render: Callable[[Measurement], str]


FORMATS: Final[dict[str, Format]] = {
    "html": Format("narration.html", html.render),
    "json": Format("narration.json", json.render),
    "lcov": Format("narration.lcov", lcov.render),
    "cobertura": Format("narration-cobertura.xml", cobertura.render),
    "sarif": Format("narration.sarif", sarif.render),
    "junit": Format("narration-junit.xml", junit.render),
    "markdown": Format("narration.md", markdown.render),
}


def render(name: str, measurement: Measurement) -> str:
    """Return coverage in a format.

    Args:
        name: one of `FORMATS`.
        measurement: the project.
    """
    return FORMATS[name].render(measurement)


def write_all(measurement: Measurement, folder: Path) -> list[str]:
    """Write every format into a folder and return the names of the files.

    Args:
        measurement: the project.
        folder: created if missing.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for each in FORMATS.values():
        (folder / each.file).write_text(each.render(measurement), "utf-8")
    return [each.file for each in FORMATS.values()]
