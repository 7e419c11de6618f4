"""The levels of an event and their order."""

from typing import Final, Literal, get_args

LevelName = Literal["mute", "trace", "debug", "info", "warn", "error", "fatal"]

# Numbers, so that a threshold needs one integer comparison.
LEVELS: Final[dict[str, int]] = {
    "trace": 10,
    "debug": 20,
    "info": 30,
    "warn": 40,
    "error": 50,
    "fatal": 60,
    "mute": 100,
}
EMITTING: Final[tuple[LevelName, ...]] = ("trace", "debug", "info", "warn", "error", "fatal")

# Names of other systems, accepted wherever a level is configured or read back.
_ALIASES: Final[dict[str, LevelName]] = {
    "warning": "warn",
    "critical": "fatal",
    "off": "mute",
    "notset": "trace",
    "verbose": "debug",
}


def parse_level(name: str) -> LevelName:
    """Return the level for a configured name.

    Args:
        name: a level or one of its usual aliases, in any case ("WARNING" is "warn").

    Raises:
        ValueError: the name is not a level; the message lists the levels.
    """
    lowered = name.strip().lower()
    lowered = _ALIASES.get(lowered, lowered)
    for level in get_args(LevelName):
        if level == lowered:
            return level  # type: ignore[no-any-return]  # get_args loses the Literal
    raise ValueError(f"unknown level {name!r}: choose one of {', '.join(get_args(LevelName))}")
