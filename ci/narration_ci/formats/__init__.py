"""What coverage looks like to people and to other programs: one module for each format, text from data."""

from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

from narration_ci.formats import cobertura, html, json, junit, lcov, markdown, sarif
from narration_ci.measure.project import Measured


class Format(NamedTuple):
    """A format that coverage can be written in.

    Attributes:
        file: what its file is called.
        render: makes its text.
    """

    file: str
    render: Callable[[Measured], str]


FORMATS: Final[dict[str, Format]] = {
    "html": Format("narration.html", html.render),
    "json": Format("narration.json", json.render),
    "lcov": Format("narration.lcov", lcov.render),
    "cobertura": Format("narration-cobertura.xml", cobertura.render),
    "sarif": Format("narration.sarif", sarif.render),
    "junit": Format("narration-junit.xml", junit.render),
    "markdown": Format("narration.md", markdown.render),
}


def render(name: str, measured: Measured) -> str:
    """Return coverage in a format.

    Args:
        name: one of `FORMATS`.
        measured: the project.
    """
    return FORMATS[name].render(measured)


def write_all(measured: Measured, folder: Path) -> list[str]:
    """Write every format into a folder and return the names of the files.

    Args:
        measured: the project.
        folder: made when absent.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for each in FORMATS.values():
        (folder / each.file).write_text(each.render(measured), "utf-8")
    return [each.file for each in FORMATS.values()]
