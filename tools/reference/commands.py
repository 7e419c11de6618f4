"""The commands of `narration`, their options and exit codes, as their help has them."""

import re
from collections.abc import Iterator
from typing import Any, Final

import click

from narration_core.cli import main
from tools.reference.markdown import code, line, signature, table, text

CODES: Final = re.compile(r"\s*Exit codes(?: of every command)?: (?P<codes>.+?)\.(?=\s|$)", re.DOTALL)


def commands() -> Iterator[tuple[str, click.Command]]:
    """Yield every command with its full name, groups before what they hold."""
    yield from _below(main, "narration")


def _below(command: click.Command, name: str) -> Iterator[tuple[str, click.Command]]:
    yield name, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for inner in command.list_commands(context):
            found = command.get_command(context, inner)
            if found is not None:
                yield from _below(found, f"{name} {inner}")


def exit_codes(command: click.Command) -> list[tuple[str, str]]:
    """Return what a command's help says about its exit codes: each code with its meaning."""
    found = CODES.search(command.help or "")
    parts = re.split(r";\s+|,\s+(?=\d)", " ".join(found["codes"].split())) if found else []
    return [_code(part) for part in parts]


def _code(part: str) -> tuple[str, str]:
    number, _, meaning = part.partition(" ")
    return (number, meaning) if number.isdigit() and not meaning.startswith("and ") else ("others", part)


def page() -> str:
    """Return the page of all commands as Markdown."""
    lines = [
        "# Commands",
        "",
        (
            "Each command as its `--help` has it. [Exit codes](exit-codes.md) and"
            " [environment variables](environment.md) have pages of their own."
        ),
        "",
    ]
    for name, command in commands():
        level = "##" if name.count(" ") <= 1 else "###"
        lines += [f"{level} {name}", ""]
        lines += signature(" ".join([name, *command.collect_usage_pieces(click.Context(command))]))
        lines += _help(command)
        options = [parameter for parameter in command.params if isinstance(parameter, click.Option)]
        if options:
            lines += table(("option", "value", "default", "meaning"), (_option(option) for option in options))
    return "\n".join(lines)


def exit_codes_page() -> str:
    """Return the page of exit codes as Markdown."""
    lines = [
        "# Exit codes",
        "",
        (
            "0 is success. 1 says that a check found something or that the command failed, 2 that the question could"
            " not be answered: wrong arguments, an extra that is not installed, nothing to look at. What a code means"
            " in one command:"
        ),
        "",
    ]
    rows = [
        (f"`{name}`", number, line(meaning))
        for name, command in commands()
        if name != "narration"
        for number, meaning in exit_codes(command)
    ]
    return "\n".join([*lines, *table(("command", "code", "meaning"), rows)])


def _help(command: click.Command) -> Iterator[str]:
    for paragraph in re.split(r"\n\s*\n", (command.help or "").strip()):
        yield from (text(" ".join(paragraph.replace("\b", "").split())), "")


def _option(option: click.Option) -> tuple[str, str, str, str]:
    names = ", ".join(code(name) for name in [*option.opts, *option.secondary_opts])
    more = " May be repeated." if option.multiple and "may be repeated" not in (option.help or "") else ""
    more += f" Or set {code(option.envvar)}." if isinstance(option.envvar, str) else ""
    more += " Required." if option.required else ""
    return names, _value(option), _default(option), line((option.help or "") + more)


def _value(option: click.Option) -> str:
    kind: Any = option.type
    if option.is_flag or option.count:
        return ""
    if isinstance(kind, click.Choice):
        return ", ".join(code(choice) for choice in kind.choices)
    if isinstance(kind, (click.IntRange, click.FloatRange)) and (kind.min, kind.max) != (None, None):
        low, high = (_number(limit) for limit in (kind.min, kind.max))
        return f"{low} to {high}" if low and high else f"{low} or more" if low else f"at most {high}"
    return (option.metavar or kind.name).lower()


def _number(limit: float | None) -> str:
    return "" if limit is None else f"{limit:g}" if limit < 10_000 else f"{limit:,.0f}"  # noqa: PLR2004 - 5 digits


def _default(option: click.Option) -> str:
    if isinstance(option.show_default, str):
        return option.show_default
    given = option.to_info_dict()["default"]
    plain = isinstance(given, (str, int, float)) and not isinstance(given, bool) and given != ""
    return code(given) if plain else ""
