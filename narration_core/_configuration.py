"""Setting the facade up: `configure`, the environment, flushing at exit."""

import atexit
import contextlib
import os
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Literal, TextIO, get_args

from narration_core._channels import CHANNELS
from narration_core._environment import switch
from narration_core._event import Mode
from narration_core._levels import EMITTING, LEVELS, LevelName, parse_level
from narration_core._narrator import rebind_all, set_up, set_up_with
from narration_core._pipeline import PIPELINE
from narration_core._writer import CAPACITY, Overflow, Sink, Writer
from narration_core.redaction import RedactionPolicy, Redactor
from narration_core.sinks._stream import Format, StreamSink

OutputFormat = Literal["json", "pretty", "auto", "off"]

EXIT_DEADLINE_S: Final = 2.0
_SINK: Final = ("name", "background", "write", "close")


def _environment(name: str, choices: Sequence[str], default: str) -> str:
    """Return a setting from the environment; a value that is not one of the choices is told and ignored."""
    value = os.environ.get(name, "").strip().lower()
    if value and value not in choices:
        _unheard.append(f"{name}={value[:20]!r} is not one of {', '.join(choices)}; using {default!r}")
        return default
    return value or default


_unheard: list[str] = []


def _level_from_environment() -> LevelName:
    value = os.environ.get("NARRATION_LEVEL", "")
    try:
        return parse_level(value) if value else "info"
    except ValueError:
        _unheard.append(f"NARRATION_LEVEL={value[:20]!r} is not one of {', '.join(LEVELS)}; using 'info'")
        return "info"


def strict_by_default() -> bool:
    """Tell whether mistakes raise when nobody says otherwise: `NARRATION_STRICT`, else under pytest."""
    return switch("NARRATION_STRICT", default="PYTEST_VERSION" in os.environ and "pytest" in sys.modules)


def _is_terminal(stream: TextIO) -> bool:
    with contextlib.suppress(ValueError, AttributeError):
        return stream.isatty()
    return False


def default_sinks(output: OutputFormat | None = None, mode: Mode | None = None) -> list[Sink]:
    """Return the sinks of a process that names none: standard output, unless it is switched off, and job channels.

    Args:
        output: json, pretty, auto (pretty on a terminal) or off; `NARRATION_FORMAT` when absent, else json.
        mode: human, cute or story; `NARRATION_MODE` when absent.
    """
    wanted = output or _environment("NARRATION_FORMAT", get_args(OutputFormat), "json")
    shown = mode or _environment("NARRATION_MODE", get_args(Mode), "human")
    sinks: list[Sink] = [CHANNELS]
    if wanted == "off":
        return sinks
    terminal = _is_terminal(sys.stdout)
    line: Format = "pretty" if wanted == "pretty" or (wanted == "auto" and terminal) else "json"
    colour = terminal and not os.environ.get("NO_COLOR")
    return [*sinks, StreamSink(format=line, mode=shown, colour=colour)]  # type: ignore[arg-type]  # checked above


def configure(
    *,
    level: LevelName | None = None,
    output: OutputFormat | None = None,
    mode: Mode | None = None,
    sinks: Sequence[Sink] | None = None,
    service: str | None = None,
    version: str | None = None,
    redaction: RedactionPolicy | None = None,
    strict: bool | None = None,
    source_location: bool | None = None,
    capacity: int = CAPACITY,
    overflow: Overflow = "drop",
) -> None:
    """Set the facade up; what is not given comes from the environment, then from the defaults.

    Args:
        level: lowest level that is emitted.
        output: what standard output shows; ignored when `sinks` is given.
        mode: which text people see.
        sinks: where events go instead of standard output and the job channels.
        service: name in `emitted_by`.
        version: version in `emitted_by`.
        redaction: what counts as a secret.
        strict: raise mistakes instead of mending them.
        source_location: note each event's point in the source.
        capacity: longest queue of a background sink, in events.
        overflow: "drop" or "wait"; see `Writer`.

    Raises:
        ValueError: a setting is none of its choices, or the capacity is not positive.
        TypeError: something among the sinks is none.
    """
    if capacity < 1:
        raise ValueError(f"capacity must be at least 1 event, not {capacity}")
    _check("output", output, get_args(OutputFormat))
    _check("mode", mode, get_args(Mode))
    _check("overflow", overflow, get_args(Overflow))
    for sink in sinks or ():
        missing = [name for name in _SINK if not hasattr(sink, name)]
        if missing:
            raise TypeError(f"{sink!r} is no sink: it has no {' and no '.join(missing)}")
    threshold = parse_level(level) if level else _level_from_environment()
    located = switch("NARRATION_SOURCE_LOCATION", default=False) if source_location is None else source_location
    PIPELINE.apply(
        threshold=LEVELS[threshold],
        strict=strict_by_default() if strict is None else strict,
        source_location=located,
        emitted_by=_emitted_by(service, version),
        redactor=Redactor(redaction),
    )

    def writer(sink: Sink) -> Writer:
        return Writer(sink, PIPELINE.outputs, capacity=capacity, overflow=overflow)

    old = PIPELINE.use_sinks(default_sinks(output, mode) if sinks is None else sinks, writer)
    rebind_all()
    for stale in old:
        stale.close(EXIT_DEADLINE_S)
    while _unheard:
        message = _unheard.pop(0)
        setting = message.split("=")[0].split(":")[0]
        PIPELINE.outputs.notice("warn", "setting_ignored", setting, message[:100])


def _check(name: str, given: str | None, choices: Sequence[str]) -> None:
    if given is not None and given not in choices:
        raise ValueError(f"{name} must be one of {', '.join(choices)}, not {given!r}")


def _emitted_by(service: str | None, version: str | None) -> str:
    program = Path(sys.argv[0] or "python")
    # `python -m package` runs a file of that name in the package's folder.
    own = program.parent.name if program.name == "__main__.py" else program.name
    name = service or os.environ.get("NARRATION_SERVICE") or own
    return f"{name}@{version or os.environ.get('NARRATION_SERVICE_VERSION') or 'unversioned'}"


def flush(deadline_s: float = EXIT_DEADLINE_S) -> int:
    """Wait until everything emitted before is written.

    Args:
        deadline_s: longest wait for each sink, in seconds.

    Returns:
        How many events were not written in time.

    Raises:
        Exception: in strict mode, what a sink raised since the last flush.
    """
    waiting = sum(writer.flush(deadline_s) for writer in PIPELINE.outputs.writers)
    if PIPELINE.settings.strict:
        for writer in PIPELINE.outputs.writers:
            error, writer.last_error = writer.last_error, None
            if error is not None:
                raise error
    return waiting


def stats() -> Mapping[str, Any]:
    """Return what the facade did in this process: emitted and dropped by level, redactions by rule, sink failures."""
    counts = PIPELINE.counts
    dropped = {
        level: lost
        for rank, level in enumerate(EMITTING)
        if (lost := sum(writer.lost[rank] for writer in PIPELINE.outputs.writers))
    }
    return {
        "emitted": {level: count for level, count in zip(EMITTING, counts.emitted, strict=True) if count},
        "dropped": dropped,
        "redacted": dict(PIPELINE.settings.redactor.counts),
        "sampled": PIPELINE.sampler.skipped,
        "sink_failures": PIPELINE.outputs.inline_failures
        | {writer.sink.name: writer.failures for writer in PIPELINE.outputs.writers if writer.failures},
        "queued": {writer.sink.name: writer.queued for writer in PIPELINE.outputs.writers},
        "fast_path": counts.fast_path,
        "mistakes": counts.mistakes,
        "internal_errors": counts.internal_errors,
    }


def sample(action: str, *, per_second: float, actor: str | None = None, burst: float | None = None) -> None:
    """Let at most so many events of an action through; WARN and above always pass.

    Args:
        action: the action to limit.
        per_second: events a second.
        actor: limit it for this actor only.
        burst: how many may come at once; one second's worth when absent.
    """
    PIPELINE.sampler.limit(action, per_second, actor=actor, burst=burst)
    PIPELINE.settle()


def _flush_at_exit() -> None:
    """Write what is left, all sinks within one deadline; tell on stderr what had to be abandoned."""
    PIPELINE.narrate_skipped()
    until = time.monotonic() + EXIT_DEADLINE_S
    for writer in PIPELINE.outputs.writers:
        abandoned = writer.flush(max(until - time.monotonic(), 0.0))
        if abandoned:
            message = (
                f"narration: gave up on {abandoned} events after {EXIT_DEADLINE_S} s: "
                f"sink {writer.sink.name} did not take them\n"
            )
            with contextlib.suppress(OSError):
                os.write(2, message.encode())


def _flush_in_child() -> None:
    """See to it that a child of multiprocessing flushes: it leaves with `os._exit`, past everything of `atexit`."""
    util: Any = sys.modules.get("multiprocessing.util")
    if util is not None:
        util.register_after_fork(PIPELINE, lambda _: util.Finalize(None, _flush_at_exit, exitpriority=-100))


atexit.register(_flush_at_exit)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_flush_in_child)
set_up_with(configure)

__all__ = [
    "OutputFormat",
    "configure",
    "default_sinks",
    "flush",
    "sample",
    "set_up",
    "stats",
    "strict_by_default",
]
