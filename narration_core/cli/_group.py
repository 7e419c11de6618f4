"""The commands of `narration`: its own, and those that installed packages register."""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

import click

from narration_core.cli._extras import MissingExtraError, missing_extra

if TYPE_CHECKING:
    from importlib.metadata import EntryPoints

GROUP: Final = "narration.commands"

OWN: Final = {
    "conform": "narration_core.cli._conform:conform",
    "forward": "narration_core.cli._forward:forward",
    "jobs": "narration_core.cli._jobs:jobs",
    "link": "narration_core.cli._link:link",
    "redact": "narration_core.cli._redact:command",
    "run": "narration_core.cli._run:run",
    "story": "narration_core.cli._story:story",
    "tail": "narration_core.cli._tail:tail",
    "watch": "narration_core.cli._watch:watch",
    "why": "narration_core.cli._why:why",
}
"""This package's own commands; they are found without searching all that is installed, which takes long."""


def _registered() -> "EntryPoints":
    from importlib.metadata import entry_points  # noqa: PLC0415 - costs more than a command of our own

    return entry_points(group=GROUP)


class Commands(click.Group):
    """Finds commands through the entry-point group `narration.commands`, loading only the one that is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands."""
        return sorted({*super().list_commands(ctx), *OWN, *(found.name for found in _registered())})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command by name; without its optional dependencies, one that reports what to install."""
        own = super().get_command(ctx, cmd_name)
        if own is not None:
            return own
        if cmd_name in OWN:
            module, _, name = OWN[cmd_name].partition(":")
            own_command: click.Command = getattr(import_module(module), name)
            return own_command
        for found in _registered().select(name=cmd_name):
            try:
                command: click.Command = found.load()
            except ModuleNotFoundError as error:
                missing = missing_extra(error, f"narration {cmd_name}")
                if missing is None:
                    raise
                return _unavailable(cmd_name, missing)
            return command
        return None

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; an optional dependency that is missing ends it with one line."""
        try:
            return super().invoke(ctx)
        except ModuleNotFoundError as error:
            missing = missing_extra(error, f"narration {ctx.invoked_subcommand}")
            if missing is None:
                raise
            raise missing from None


def _unavailable(name: str, missing: MissingExtraError) -> click.Command:
    def complain(**_: Any) -> None:
        raise missing

    return click.Command(
        name,
        callback=complain,
        short_help=f"(not installed) {missing.message}",
        context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
    )


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="narration-core", prog_name="narration")
def main() -> None:
    """Logging for people: run, check and read what services narrate.

    Exit codes of every command: 0 success; 1 a check found something, or the command failed; 2 wrong arguments, an
    extra is not installed, or the question cannot be answered. `narration COMMAND --help` says more.
    """


@main.command()
@click.option("--json-schema", is_flag=True, help="Print the JSON Schema of an event instead.")
def taxonomy(*, json_schema: bool) -> None:
    """Print the fields of an event, their types and meanings.

    Exit codes: 0 printed, 2 the command is wrong.
    """
    from narration_core import _taxonomy as fields  # noqa: PLC0415 - a command loads what it needs when it runs

    if json_schema:
        import json  # noqa: PLC0415

        click.echo(json.dumps(fields.json_schema(), indent=2))
    else:
        click.echo(fields.as_yaml(), nl=False)


@main.command()
@click.argument("catalogues", nargs=-1, metavar="MODULE:NAME...")
def catalogue(catalogues: tuple[str, ...]) -> None:
    """Print the declared points of catalogues.

    For example `narration catalogue shop.points:POINTS`; without arguments, all registered catalogues.
    A package registers its catalogue through the entry-point group `narration.catalogues`.

    Exit codes: 0 printed, 1 there is no such catalogue, 2 the command is wrong.
    """
    from narration_core.cli._catalogue import as_text, load, registered  # noqa: PLC0415

    for name in catalogues or registered():
        click.echo(as_text(load(name)))
