"""Numbers as people read them: ages, times, sizes."""

from datetime import UTC, datetime

from narration_core.nouns import counted, noun

_UNITS = ((86_400_000, "d", 3_600_000, "h"), (3_600_000, "h", 60_000, "min"), (60_000, "min", 1000, "s"))
_LONGEST = 10**15  # milliseconds, some 30,000 years
_SIZES = ((1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB"))


def age(ms: float) -> str:
    """Return a duration in at most two units: "85 ms", "4.1 s", "3 min 12 s", "2 d 4 h"."""
    if abs(ms) > _LONGEST:
        return "an impossible time"  # only a number that nobody measured; the line is shown all the same
    for unit, name, smaller, smaller_name in _UNITS:
        if ms >= unit:
            whole, rest = divmod(int(ms), unit)
            return f"{whole} {name} {rest // smaller} {smaller_name}" if rest >= smaller else f"{whole} {name}"
    if ms >= 1000:  # noqa: PLR2004 - milliseconds in a second
        return f"{ms / 1000:.1f} s"
    return f"{ms:.0f} ms"


def moment(at_ms: int | None, *, day: bool = False) -> str:
    """Return a time in the reader's zone to the millisecond, optionally with the day."""
    if at_ms is None:
        return "--:--:--.---"
    try:
        when = datetime.fromtimestamp(at_ms / 1000, UTC).astimezone()
    except (OverflowError, ValueError, OSError):
        return "??:??:??.???"  # no clock says such a time; the line is shown all the same
    return when.strftime("%Y-%m-%d %H:%M:%S" if day else "%H:%M:%S") + f".{at_ms % 1000:03d}"


def size(count: int) -> str:
    """Return a number of bytes: "337 MiB"."""
    for unit, name in _SIZES:
        if count >= unit:
            return f"{count / unit:.0f} {name}"
    return counted(count, "byte")


def number(count: int, one: str, many: str = "") -> str:
    """Return a count with its noun, easy to read when it is large: "1 line", "2,000 lines"."""
    return f"{count:,} {noun(count, one, many)}"
