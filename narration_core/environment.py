"""Every environment variable that narration reads: its meaning, values and default, for schemas and the reference."""

from collections.abc import Mapping
from typing import Final, NamedTuple, get_args

from narration_core._configuration import OutputFormat
from narration_core._event import Mode
from narration_core._levels import LevelName
from narration_core._line_sink import Delivery

__all__ = ["VARIABLES", "Variable"]

_SWITCH: Final = ("1", "true", "yes", "on")


class Variable(NamedTuple):
    """An environment variable.

    Attributes:
        meaning: what it decides, in one or two sentences.
        values: the values that it may have, where they are counted.
        default: what holds when it is not set, in words.
    """

    meaning: str
    values: tuple[str, ...] = ()
    default: str = ""


VARIABLES: Final[Mapping[str, Variable]] = {
    "NARRATION_LEVEL": Variable("The lowest level that is emitted.", get_args(LevelName), "info"),
    "NARRATION_FORMAT": Variable(
        "What the output shows: JSON lines, lines for people, `auto` (for people on a terminal, else JSON), or none.",
        get_args(OutputFormat),
        "json",
    ),
    "NARRATION_STREAM": Variable("Where the output goes.", ("stdout", "stderr"), "stdout"),
    "NARRATION_MODE": Variable("Which text of an event people see.", get_args(Mode), "human"),
    "NARRATION_DELIVERY": Variable(
        "Who writes lines: the call itself, so that none is lost however the process ends, or a thread every 20 ms.",
        get_args(Delivery),
        "caller",
    ),
    "NARRATION_SERVICE": Variable("The service's name in `emitted_by`.", default="the program's name"),
    "NARRATION_SERVICE_VERSION": Variable("The service's version in `emitted_by`.", default="unversioned"),
    "NARRATION_PROCESS": Variable("Adds `host` and `pid` to every event.", _SWITCH, "off"),
    "NARRATION_SOURCE_LOCATION": Variable("Notes each event's point in the source.", _SWITCH, "off"),
    "NARRATION_STRICT": Variable(
        "Raises mistakes in calls instead of mending the event.", _SWITCH, "on under pytest, else off"
    ),
    "NARRATION_HUB": Variable(
        "The address of a hub. Every event also goes there, and commands ask it.", default="no hub"
    ),
    "NARRATION_HUB_TOKEN": Variable("The bearer token for that hub.", default="none"),
    "NARRATION_OTLP": Variable(
        "The OTLP/HTTP address of an OpenTelemetry collector. Every event also goes there, as a log record.",
        default="no collector",
    ),
    "NARRATION_OTLP_HEADERS": Variable(
        "More headers for that collector, and for a hub's: `name=value`, commas between, values URL-encoded.",
        default="none",
    ),
    "NARRATION_HUB_OTLP": Variable(
        "The collector that a hub sends on to, as for `--otlp`; here the address may hold a password.",
        default="no collector",
    ),
    "NARRATION_HUB_ENGINE": Variable(
        "The Redis or Valkey that hubs share, as for `--engine`; here the address may hold a password.",
        default="this hub's memory",
    ),
    "NARRATION_LOGS": Variable(
        "The files and folders that commands read, separated as in `PATH`.", default="below the working directory"
    ),
    "NO_COLOR": Variable("No colours on a terminal, whatever its value.", default="colours on a terminal"),
    "COLUMNS": Variable("How wide the lines of commands are.", default="the terminal's width; 80 elsewhere"),
    "_NARRATION_COMPLETE": Variable("Set by the shell that completes a command.", default="a shell sets it"),
    "PYTEST_VERSION": Variable("Set by pytest; mistakes raise then.", default="pytest sets it"),
    "AUTH_TOKEN": Variable(
        "Bearer token of callers; visible ASCII. Without it the worker listens on loopback addresses only.",
        default="none",
    ),
    "AUTH_OPTIONAL": Variable("Callers on this machine need no token.", _SWITCH, "off"),
    "TRUST_PROXY_AUTH": Variable("Any bearer token counts as checked by a proxy.", _SWITCH, "off"),
    "BIND_ADDR": Variable("Address to listen on, when --host is absent; host:port is accepted.", default="127.0.0.1"),
    "NARRATION_CACHE": Variable(
        "The folder that keeps what redaction compiled for later processes, or `off`. One that others may write is "
        "not used.",
        default="`narration/rules` in `XDG_CACHE_HOME` or `~/.cache`",
    ),
    "XDG_CACHE_HOME": Variable("The folder of what can be made again.", default="~/.cache"),
    "XDG_STATE_HOME": Variable(
        "The folder of the user's state; the hub's store is `narration/hub` below it.", default="~/.local/state"
    ),
    "KEEP": Variable("`python -m narration_worker.demo` leaves its hub and a worker running.", _SWITCH, "off"),
    "PYTHONPATH": Variable("`narration mutants` puts the folder of its copy in front.", default="empty"),
    "GITHUB_ACTIONS": Variable(
        "Set by GitHub; the coverage gate then also writes annotations.", ("true",), "GitHub sets it"
    ),
}
"""By name, those of every program first."""
