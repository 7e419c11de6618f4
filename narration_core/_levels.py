"""The levels of an event and their order."""

from typing import Final, Literal, get_args

LevelName = Literal["mute", "trace", "debug", "info", "warn", "error", "fatal"]
"""The levels; `mute` is higher than all of them, and emits nothing."""

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
"""The levels of events, from the lowest to the highest."""

SEVERITY: Final[dict[str, int]] = {"trace": 1, "debug": 5, "info": 9, "warn": 13, "error": 17, "fatal": 21}
"""OpenTelemetry's number of each level: the first of the four that it has."""

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


def level_of_severity(number: int) -> LevelName | None:
    """Return the level for one of OpenTelemetry's severity numbers; None for a number that it does not define.

    Args:
        number: 1 (trace) to 24 (fatal); 0 says nothing.
    """
    return EMITTING[(number - 1) // 4] if 1 <= number <= len(EMITTING) * 4 else None
