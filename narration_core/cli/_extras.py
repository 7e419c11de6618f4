"""What to install when a command needs an optional dependency that is missing."""

from typing import Final

import click

EXTRAS_OF: Final = {
    "aiohttp": ("worker", "hub"),
    "gguf": ("worker",),
    "llama_cpp": ("worker",),
    "opentelemetry": ("otel", "hub"),
    "prometheus_client": ("worker",),
    "pynvml": ("worker",),
    "pytest": ("test",),
    "pytest_bdd": ("test",),
    "redis": ("redis",),
    "syrupy": ("test",),
}
"""Which extras of narration-core bring which import name."""


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
    extras = EXTRAS_OF.get(module, ())
    if not extras:
        return None
    own = command.rpartition(" ")[2]  # a command with an extra of its name needs no more than that
    extra = own if own in extras else extras[0]
    return MissingExtraError(
        f"`{command}` needs {module}, which is not installed: pip install 'narration-core[{extra}]'"
    )
