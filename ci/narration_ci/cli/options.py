"""Shared by the commands: the options that locate a project, and exit code 2."""

import contextlib
import functools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import click
import msgspec

from narration_ci.config import Settings, read_settings
from narration_ci.findings import CoverageError
from narration_ci.measure.measurement import Measurement, find_root, measure_project

F = TypeVar("F", bound=Callable[..., Any])


class NoAnswer(click.ClickException):
    """Ends a command with exit code 2 and one clear message."""

    exit_code = 2


@contextlib.contextmanager
def answering() -> Iterator[None]:
    """Turn "no answer is possible" into a message and exit code 2."""
    try:
        yield
    except CoverageError as error:
        raise NoAnswer(str(error)) from None


class Where(msgspec.Struct, frozen=True):
    """A project and its settings.

    Attributes:
        root: the project's folder.
        settings: of its `pyproject.toml`, with the options of the command line applied.
    """

    root: Path
    settings: Settings

    def measure(self, *, exact: bool = False, needs_baseline: bool = False, against: str | None = None) -> Measurement:
        """Return the coverage of the last run; see `measure_project`."""
        return measure_project(self.root, self.settings, exact=exact, needs_baseline=needs_baseline, against=against)


def project_options(command: F) -> F:
    """Add the options that locate a project; the command gets one argument, `where`.

    Raises:
        NoAnswer: when the command runs, if the settings cannot be read.
    """

    @functools.wraps(command)
    def located(*arguments: Any, root: Path | None, source: tuple[str, ...], **named: Any) -> Any:
        home = (root or find_root(Path.cwd())).resolve()
        given = {"records": named.pop("records"), "baseline": named.pop("baseline"), "source": source}
        chosen = {name: value for name, value in given.items() if value}
        with answering():
            where = Where(home, msgspec.structs.replace(read_settings(home), **chosen))
        return command(*arguments, where=where, **named)

    options = (
        click.option(
            "--root",
            type=click.Path(exists=True, file_okay=False, path_type=Path),
            help="The project's folder; by default the nearest one above with a pyproject.toml.",
        ),
        click.option("--records", metavar="DIR", help="Where the run records are, relative to the root."),
        click.option("--baseline", metavar="FILE", help="The committed baseline, relative to the root."),
        click.option(
            "--source",
            multiple=True,
            metavar="PATH",
            help="Count only this folder or file; may be repeated.",
        ),
    )
    for option in reversed(options):
        located = option(located)
    return located  # type: ignore[return-value]  # click passes the options by name
