"""Plain calls, `narration story ID PATHS...` and `narration why ID PATHS...`, without loading a command-line parser.

Loading it costs more than searching 100 MB. Whatever is not plain (an option, help, a wrong id, no logs) is left to it.
"""

import gc
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any, Final

NAMES: Final = frozenset(("story", "why"))
FAILED: Final = 1
_OBJECTS: Final = 100_000  # new ones before garbage is looked for; what a search keeps are lines, and they are none
_COMPLETE: Final = "_NARRATION_COMPLETE"  # a shell asks which arguments would fit


def is_plain(arguments: Sequence[str]) -> bool:
    """Tell whether a call is plain: one of `NAMES`, an id, and paths."""
    return (
        len(arguments) > 1
        and arguments[0] in NAMES
        and all(argument == "-" or not argument.startswith("-") for argument in arguments)
        and _COMPLETE not in os.environ
    )


def loaded() -> None:
    """Look for garbage again, except among what was loaded to start with."""
    gc.freeze()
    gc.enable()


def run(arguments: Sequence[str]) -> int | None:
    """Run a plain call and return its exit code; None when it is not plain, and nothing has been done.

    Args:
        arguments: those of the program, without its name.
    """
    if not is_plain(arguments):
        return None
    from narration_core.cli import _show  # noqa: PLC0415 - most commands do not need it
    from narration_core.cli._output import is_id  # noqa: PLC0415 - as above
    from narration_core.following._log_files import NoLogsError  # noqa: PLC0415
    from narration_core.following._source import Files  # noqa: PLC0415

    name, asked, *paths = arguments
    if not is_id(asked) or (name == "why" and os.path.isdir(_show.GOLDEN)):  # whoever reads those needs the parser
        return None
    try:
        files = Files(paths)
    except NoLogsError:
        return None
    command: Callable[..., int] = _show.story if name == "story" else _show.why
    gc.set_threshold(_OBJECTS)
    loaded()
    with files:
        return _ended(command, files, asked)


def _ended(command: Callable[..., int], *arguments: Any) -> int:
    """Return a command's exit code; its reader may go away, and a person may stop it, as with every other command."""
    try:
        code = command(*arguments)
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except KeyboardInterrupt:
        print("\nAborted!", file=sys.stderr)
        return FAILED
    return code
