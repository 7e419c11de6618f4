"""Arguments of the services: each is checked while it is read, so that a wrong one ends the program with one line."""

import argparse
import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

from narration_core.serving.addresses import ConfigError, check_url

MOST_PORT: Final = 65_535
_MOST: Final = 1_000_000


def whole(least: int, most: int = _MOST) -> Callable[[str], int]:
    """Return a reader of whole numbers.

    Args:
        least: the smallest one.
        most: the largest one.
    """

    def read(text: str) -> int:
        if text.isascii() and text.isdigit() and least <= int(text[:18]) <= most:
            return int(text)
        raise argparse.ArgumentTypeError(f"must be a whole number from {least} to {most}")

    return read


def seconds(text: str) -> float:
    """Return a time in seconds, more than none."""
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if 0 < number <= _MOST:
        return number
    raise argparse.ArgumentTypeError("must be a number of seconds above 0")


def address(text: str) -> str:
    """Return the URL of a service; a wrong one is not repeated, because it may hold a password."""
    try:
        check_url("this", text)
    except ConfigError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return text


def folder(text: str) -> Path:
    """Return a folder that files can be written to; it is made where it is missing."""
    path = Path(text)
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise argparse.ArgumentTypeError(f"{text} is no usable folder: {(error.strerror or '').lower()}") from None
    if not os.access(path, os.W_OK | os.X_OK):
        raise argparse.ArgumentTypeError(f"{text} is a folder that nothing can be written to")
    return path
