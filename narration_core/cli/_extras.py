"""What to install when a command needs an optional dependency that is missing."""

from typing import Final

import click

# Which extra of narration-core brings which import name.
EXTRA_OF: Final = {
    "aiohttp": "worker",
    "gguf": "worker",
    "llama_cpp": "worker",
    "opentelemetry": "otel",
    "prometheus_client": "worker",
    "pynvml": "worker",
    "pytest": "test",
    "pytest_bdd": "test",
    "syrupy": "test",
}

_OF_THE_HUB: Final = ("aiohttp",)  # the hub needs less than the worker


class MissingExtraError(click.ClickException):
    """A command needs an optional dependency that is not installed; the message names the extra that brings it."""

    # Not 1: for a check, that would mean that it found something.
    exit_code = 2


def missing_extra(error: ModuleNotFoundError, command: str) -> MissingExtraError | None:
    """Return an error that names the extra which brings a missing module.

    Args:
        error: what the import raised.
        command: the command that was called, as the user would write it.

    Returns:
        The error to raise instead; None if no extra brings the module. Then it is a bug, and its traceback is needed.
    """
    module = (error.name or "").partition(".")[0]
    extra = "hub" if module in _OF_THE_HUB and command == "narration hub" else EXTRA_OF.get(module)
    if extra is None:
        return None
    return MissingExtraError(
        f"`{command}` needs {module}, which is not installed: pip install 'narration-core[{extra}]'"
    )
