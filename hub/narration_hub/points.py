"""The hub's catalogue: every event that it narrates about itself."""

from typing import Final

from narration_core import Catalogue, register_field

for _name, _type, _meaning in (
    ("address", str, "the address that the hub listens on, or the caller's address"),
    ("port", int, "the port that the hub listens on"),
    ("code", str, "the hub's error code"),
    ("reason", str, "why it failed, in a few words"),
    ("detail", str, "a message in full"),
    ("signal", str, "the signal that was received"),
    ("library", str, "the library's logger that reported a problem"),
    ("repeated", int, "how often the same problem came since it was narrated last"),
    ("failed_at", str, "where in the code an exception came from"),
    ("service", str, "the service that is told about"),
    ("refused", int, "events that were refused"),
    ("lost", int, "events that a producer gave up"),
    ("subject", str, "the job or story that is told about"),
    ("waits_s", int, "how long a job has been quiet, in seconds"),
    ("holder", str, "the service that a job waits for"),
    ("closed", int, "streams that were closed"),
    ("folder", str, "where the store is"),
    ("file", str, "a file of the store"),
    ("events", int, "number of events"),
    ("unreadable", int, "lines that could not be read"),
    ("origin", str, "how an event came in: text, when it was only a line; otlp, from OpenTelemetry"),
):
    register_field(_name, _type, _meaning)

POINTS: Final = Catalogue("hub")

startup = POINTS.point(
    "startup", "startup", "hub", "Starting the hub", event="startup", cute="The hub rubs its eyes",
)  # fmt: skip
bind_failed = POINTS.point(
    "bind_failed", "bind_failed", "{address}",
    "Cannot listen on {address} port {port}: {error_kind}; choose another --port",
    event="error", level="error", cute="Door {port} is taken: {error_kind}",
)  # fmt: skip
start_failed = POINTS.point(
    "start_failed", "start_failed", "hub", "Cannot start: {reason}",
    event="error", level="fatal", cute="Back to bed: {reason}",
)  # fmt: skip
ready = POINTS.point(
    "ready", "ready", "{address}", "Listening on {address} port {port}",
    event="ready", cute="All ears at {address}",
)  # fmt: skip
shutdown = POINTS.point(
    "shutdown", "shutdown", "hub", "Shut down after {signal}", event="shutdown", cute="Lights out after {signal}",
)  # fmt: skip
auth_refused = POINTS.point(
    "auth_refused", "auth", "{address}", "Refused a caller: {code}",
    level="warn", cute="No entry without the password",
)  # fmt: skip
events_refused = POINTS.point(
    "events_refused", "refuse", "{service}", "Refused events of {service}: {refused}; the first because {reason}",
    level="warn", cute="{refused:letter|letters} of {service} could not be read: {reason}",
)  # fmt: skip
losses_told = POINTS.point(
    "losses_told", "loss", "{service}", "{service} says that it lost {lost:event|events} on its way here",
    level="warn", cute="{service} dropped {lost:letter|letters} on the way",
)  # fmt: skip
job_stalled = POINTS.point(
    "job_stalled", "stall", "{subject}", "Job {subject} has been quiet for {waits_s} s; it waits for {holder}",
    level="warn", cute="{subject} stares out of the window; it waits for {holder}",
)  # fmt: skip
reader_slow = POINTS.point(
    "reader_slow", "disconnect", "{subject}", "Closed the stream of a reader that did not read",
    level="warn", cute="One listener fell asleep",
)  # fmt: skip
ticket_issued = POINTS.point(
    "ticket_issued", "ticket", "{subject}", "Made a ticket that may read {subject}",
    cute="A ticket for {subject}, please do not bend it",
)  # fmt: skip
tickets_revoked = POINTS.point(
    "tickets_revoked", "revoke", "{subject}", "Revoked every ticket of {subject}; streams closed: {closed}",
    cute="All tickets of {subject} are paper now",
)  # fmt: skip
restored = POINTS.point(
    "restored", "restore", "store", "Read {events:event|events} of the time before; unreadable lines: {unreadable}",
    cute="Where were we? {events:page|pages} still here",
)  # fmt: skip
store_failed = POINTS.point(
    "store_failed", "store", "disk", "The disk does not take events; they are shown, but not kept",
    event="error", level="error", cute="The cupboard is full",
)  # fmt: skip
segment_shut = POINTS.point(
    "segment_shut", "store", "{file}",
    "{file} is not shown: {reason}; make it readable, then restart the hub",
    event="error", level="error", cute="{file} keeps its secrets: {reason}",
)  # fmt: skip
store_recovered = POINTS.point(
    "store_recovered", "store", "disk", "The disk takes events again; not kept meanwhile: {events}",
    cute="There is room in the cupboard again",
)  # fmt: skip
engine_joined = POINTS.point(
    "engine_joined", "engine", "{address}", "Sharing streams with other hubs through {address}",
    cute="Everybody hums the same tune at {address}",
)  # fmt: skip
engine_left = POINTS.point(
    "engine_left", "engine", "{address}", "Going on without the other hubs: {address}: {reason}",
    event="error", level="error", cute="Humming alone for a while: {reason}",
)  # fmt: skip
engine_lost = POINTS.point(  # narration: silent - a unit test fills the buffer; a scenario would have to wait for it
    "engine_lost", "engine", "{address}", "Other hubs never get {events:event|events}: {address} was away for too long",
    level="warn", cute="{events:letter|letters} to the other hubs blew away",
)  # fmt: skip
export_failed = POINTS.point(
    "export_failed", "export", "collector", "Events do not go on: {reason}",
    event="error", level="error", cute="The postman is not at home: {reason}",
)  # fmt: skip
export_recovered = POINTS.point(
    "export_recovered", "export", "collector", "Events go on to the collector again; lost meanwhile: {lost}",
    cute="The postman is back",
)  # fmt: skip
http_failed = POINTS.point(
    "http_failed", "http", "{address}", "Could not read a request: {reason}",
    level="warn", cute="Somebody mumbled at the door: {reason}",
)  # fmt: skip
endpoint_failed = POINTS.point(  # narration: silent - only a fault of the hub itself reaches it; no test has one yet
    "endpoint_failed", "http", "{address}", "Could not answer a request: {error_kind} at {failed_at}",
    event="error", level="error", cute="A cup slipped: {error_kind}",
)  # fmt: skip
library_problem = POINTS.point(  # narration: silent - the worker's tests prove what reports it, which is shared
    "library_problem", "library", "{library}", "{library} reports a problem: {error_kind}",
    level="warn", cute="{library} coughs: {error_kind}",
)  # fmt: skip
