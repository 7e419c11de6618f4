"""Environment variables that switch something on or off, all read in the same way."""

import os
from collections.abc import Mapping
from typing import Final

_ON: Final = frozenset(("1", "true", "yes", "on"))


def switch(name: str, *, default: bool, environ: Mapping[str, str] = os.environ) -> bool:
    """Return whether an environment variable is on: `1`, `true`, `yes` or `on`, in any case.

    Args:
        name: the variable.
        default: the answer if it is not set or empty.
        environ: where to look.
    """
    value = environ.get(name, "").strip().lower()
    return value in _ON if value else default
