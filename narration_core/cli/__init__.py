"""The program `narration`: its own commands, and those that installed packages register.

The exit codes of every command are in the help of `narration`.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from narration_core.cli._extras import missing_extra
    from narration_core.cli._group import GROUP, OWN, Commands, main

__all__ = ["GROUP", "OWN", "Commands", "main", "missing_extra", "start"]


def start(command: str | None = None) -> None:
    """Run the program on the arguments of the process, and end it.

    Args:
        command: the command to run; the first argument names it when None.
    """
    import gc  # noqa: PLC0415 - beside the others
    import sys  # noqa: PLC0415

    gc.disable()  # modules are loaded now, and none of it is garbage
    from narration_core.cli import _plain  # noqa: PLC0415 - loaded with the above in force

    arguments = [*([command] if command else []), *sys.argv[1:]]
    try:
        code = _plain.run(arguments)
        if code is None:
            from narration_core.cli._group import main as parse  # noqa: PLC0415 - only when there is something to parse

            _plain.loaded()
            parse(arguments, prog_name="narration")
        sys.exit(code)
    except SystemExit as ended:
        if "narration_core.redaction._warming" in sys.modules:
            from narration_core.cli._ending import leave  # noqa: PLC0415 - not for what never redacted

            leave(ended.code)
        raise


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'narration_core.cli' has no attribute {name!r}")
    from narration_core.cli import _group  # noqa: PLC0415 - it loads the parser of the command line

    return getattr(_group, name)
