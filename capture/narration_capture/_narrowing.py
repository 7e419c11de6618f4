"""Options that make a run leave tests out, wherever they were given."""

from pathlib import Path
from typing import Final

import pytest

_OPTIONS: Final = {
    "keyword": "-k {}",
    "markexpr": "-m {}",
    "deselect": "--deselect {}",
    "ignore": "--ignore {}",
    "ignore_glob": "--ignore-glob {}",
    "lf": "--last-failed",
    "stepwise": "--stepwise",
}
"""Names of pytest's options, and how they are shown."""


_MOST_PATHS: Final = 2


def narrowing(config: pytest.Config) -> str | None:
    """Return the options and arguments that narrow a run, as one text, or None."""
    found = []
    for name, shown in _OPTIONS.items():
        value = config.getoption(name, default=None)
        if value:
            found.append(shown.format(" ".join(map(str, value)) if isinstance(value, list) else value))
    here = config.invocation_params.dir
    paths = [str(arg) for arg in config.args if "::" in str(arg) or Path(here, arg).is_file()]
    found += paths if len(paths) <= _MOST_PATHS else [f"{len(paths)} paths"]
    return ", ".join(found) or None


_BY_HAND: Final = ("-k", "-m", "--lf", "--last-failed", "--deselect", "--ignore", "--sw", "--stepwise")


def is_narrowed_by_hand(config: pytest.Config) -> bool:
    """Tell whether the command line itself, not the project's configuration, narrows a run."""
    return any(str(arg).startswith(_BY_HAND) or "::" in str(arg) for arg in config.invocation_params.args)
