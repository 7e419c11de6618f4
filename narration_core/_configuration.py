"""Setting the facade up: `configure`, the environment, flushing at exit."""

import contextlib
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, TextIO, cast, get_args

from narration_core._caller_delivery import LineWriter
from narration_core._channels import CHANNELS
from narration_core._environment import switch
from narration_core._event import Mode, show
from narration_core._exit import EXIT_DEADLINE_S, install
from narration_core._first_use import configure_with
from narration_core._last_word import say
from narration_core._levels import EMITTING, LEVELS, LevelName, parse_level
from narration_core._line_sink import Delivery, LineSink
from narration_core._narrator import switch_levels
from narration_core._pipeline import PIPELINE
from narration_core._sink_check import checked_sinks
from narration_core._text import clean
from narration_core._writer import CAPACITY, Overflow, Sink, Writer
from narration_core.redaction import RedactionPolicy, Redactor
from narration_core.sinks._stream import Format, StreamSink

OutputFormat = Literal["json", "pretty", "auto", "off"]


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
    """Return the sinks of a process that names none: job channels, NARRATION_HUB, standard output or error.

    Args:
        output: json, pretty, auto (pretty on a terminal) or off; `NARRATION_FORMAT` when absent, else json.
        mode: human, cute or story; `NARRATION_MODE` when absent.
    """
    wanted = output or _environment("NARRATION_FORMAT", get_args(OutputFormat), "json")
    how = _mode(mode)
    sinks: list[Sink] = [CHANNELS, *_remote_sinks()]
    if wanted == "off":
        return sinks
    on_stderr = _environment("NARRATION_STREAM", ("stdout", "stderr"), "stdout") == "stderr"
    terminal = _is_terminal(sys.stderr if on_stderr else sys.stdout)
    line: Format = "pretty" if wanted == "pretty" or (wanted == "auto" and terminal) else "json"
    colour = terminal and not os.environ.get("NO_COLOR")
    stream, name = ((lambda: sys.stderr), "stderr") if on_stderr else ((lambda: sys.stdout), "stdout")
    return [*sinks, StreamSink(stream, format=line, mode=how, colour=colour, name=name)]


def _mode(given: Mode | None) -> Mode:
    return given or cast("Mode", _environment("NARRATION_MODE", get_args(Mode), "human"))


def _remote_sinks() -> list[Sink]:
    """Return the sinks of NARRATION_HUB and NARRATION_OTLP, as far as they are set."""
    found: list[Sink | None] = []
    if os.environ.get("NARRATION_HUB"):
        from narration_core.sinks import _hub as hub  # noqa: PLC0415 - few processes send to a hub

        found.append(hub.from_environment(os.environ))
    if os.environ.get("NARRATION_OTLP"):
        from narration_core.sinks import _otlp as otlp  # noqa: PLC0415 - as above

        found.append(otlp.from_environment(os.environ))
    return [sink for sink in found if sink is not None]


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
    process: bool | None = None,
    capacity: int = CAPACITY,
    overflow: Overflow = "drop",
    delivery: Delivery | None = None,
) -> None:
    """Set the facade up; what is not given comes from the environment, then from the defaults.

    Args:
        level: lowest level that is emitted.
        output: what standard output shows; ignored when `sinks` is given.
        mode: which text people see, on consoles and in streams; `NARRATION_MODE` when absent.
        sinks: where events go instead of standard output and the job channels.
        service: name in `emitted_by`.
        version: version in `emitted_by`.
        redaction: what counts as a secret.
        strict: raise mistakes instead of mending them.
        source_location: note each event's point in the source.
        process: add `host` and `pid` to every event; `NARRATION_PROCESS` when absent.
        capacity: longest queue of a background sink, in events.
        overflow: "drop" or "wait"; see `Writer`.
        delivery: "caller": streams and files are written on the calling thread, so that nothing is lost however the
            process ends; "queued": by a thread, every 20 ms. `NARRATION_DELIVERY` when absent, else "caller".

    Raises:
        ValueError: a setting is not one of its choices, the capacity is not positive, or a sink is there twice.
        TypeError: an object in `sinks` is not a sink.
        OSError: the place that a sink writes to does not exist.
    """
    if type(capacity) is not int or capacity < 1:
        raise ValueError(f"capacity must be at least 1 event, not {capacity!r}")
    if level is not None and not isinstance(level, str):
        raise TypeError(f"level must be one of {', '.join(LEVELS)}, not {level!r}")
    _check("output", output, get_args(OutputFormat))
    _check("mode", mode, get_args(Mode))
    _check("overflow", overflow, get_args(Overflow))
    _check("delivery", delivery, get_args(Delivery))
    wanted = default_sinks(output, mode) if sinks is None else checked_sinks(sinks)
    how = cast("Delivery", delivery or _environment("NARRATION_DELIVERY", get_args(Delivery), "caller"))
    threshold = parse_level(level) if level else _level_from_environment()
    located = switch("NARRATION_SOURCE_LOCATION", default=False) if source_location is None else source_location
    PIPELINE.apply(
        threshold=LEVELS[threshold],
        strict=strict_by_default() if strict is None else strict,
        source_location=located,
        emitted_by=_emitted_by(service, version),
        process=switch("NARRATION_PROCESS", default=False) if process is None else process,
        redactor=Redactor(redaction),
    )

    def writer(sink: Sink) -> Writer:
        used = next((writer for writer in PIPELINE.outputs.writers if writer.sink is sink), None)
        if not isinstance(sink, LineSink):
            made = used or Writer(sink, PIPELINE.outputs)
            made.use(capacity=capacity, overflow="drop" if getattr(sink, "blocks_nobody", False) else overflow)
            return made
        lines = used if isinstance(used, LineWriter) else LineWriter(sink, PIPELINE.outputs)
        lines.use(capacity=capacity, overflow=overflow, delivery=sink.delivery or how)
        return lines

    show(_mode(mode))
    old = PIPELINE.use_sinks(wanted, writer)
    switch_levels()
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
    given = getattr(sys, "argv", None)  # an embedding program may have none
    program = Path(given[0] if given and isinstance(given[0], str) and given[0] else "python")
    # `python -m package` runs a file of that name in the package's folder.
    own = program.parent.name if program.name == "__main__.py" else program.name
    name = service or os.environ.get("NARRATION_SERVICE") or own
    # The name of a file need not be text that a line can hold.
    return clean(f"{name}@{version or os.environ.get('NARRATION_SERVICE_VERSION') or 'unversioned'}")


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
        "outputs": {
            writer.sink.name: {"delivery": writer.delivery, "state": writer.state, "echoes": writer.echoes}
            for writer in PIPELINE.outputs.writers
        },
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


def _fall_back(error: BaseException) -> None:
    """Configure the facade when the environment made `configure` fail: with every default, and saying so."""
    say(f"configuring from the environment failed ({type(error).__name__}); using the defaults")
    PIPELINE.use_sinks([StreamSink()], lambda sink: LineWriter(cast("LineSink", sink), PIPELINE.outputs))
    switch_levels()


install()
configure_with(configure, _fall_back)

__all__ = [
    "OutputFormat",
    "configure",
    "default_sinks",
    "flush",
    "sample",
    "stats",
    "strict_by_default",
]
