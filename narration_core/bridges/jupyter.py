"""Jupyter and IPython: `%load_ext narration_core.bridges.jupyter` shows narration under the cell that caused it.

An exception that a cell raises is told with its `file:line function` frames, in place of IPython's traceback, which
shows secrets.
"""

import sys
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Final

from narration_core import _exceptions as exceptions
from narration_core._catalogue import Catalogue
from narration_core._channels import CHANNELS
from narration_core._configuration import configure
from narration_core._event import Record
from narration_core.sinks._pretty import pretty

_NOTEBOOK: Final = Catalogue("notebook")
_FAILED: Final = _NOTEBOOK.point(
    "cell_failed",
    "cell",
    "cell",
    "The cell failed: {error_kind}",
    event="cell_failed",
    level="error",
    channel="request",
)


class NotebookSink:
    """Writes lines for people to `sys.stdout` itself: a notebook shows it under the cell, its descriptor elsewhere."""

    background = False
    name = "notebook"

    def write(self, batch: Sequence[Record]) -> None:
        """Write each event."""
        for record in batch:
            sys.stdout.write(pretty(record.event, "human", colour=False, width=None) + "\n")

    def close(self) -> None:
        """Leave `sys.stdout` open."""


def load_ipython_extension(shell: Any) -> None:
    """Begin; IPython calls this for `%load_ext`."""
    configure(sinks=[CHANNELS, NotebookSink()])
    shell.set_custom_exc((Exception,), _failed)


def unload_ipython_extension(shell: Any) -> None:
    """End; IPython calls this for `%unload_ext`."""
    shell.set_custom_exc((), None)
    configure()


def _failed(
    shell: Any,  # noqa: ARG001 - IPython's interface, as the next and the last two
    kind: type[BaseException],  # noqa: ARG001
    error: BaseException,
    trace: TracebackType | None,  # noqa: ARG001
    tb_offset: int | None = None,  # noqa: ARG001
) -> None:
    _FAILED(error_kind=exceptions.kind(error), **exceptions.described(error))
