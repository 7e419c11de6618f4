"""The golden stories that a command is told to use."""

from pathlib import Path

import click

from narration_core.following._golden import Golden, read


def goldens_in(folder: str) -> list[Golden]:
    """Return the golden stories of a folder, or end because one cannot be read."""
    try:
        return read(Path(folder))
    except (OSError, UnicodeDecodeError) as error:
        raise click.UsageError(f"{folder}: a golden story cannot be read: {error}") from None
