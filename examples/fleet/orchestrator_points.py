"""The orchestrator's catalogue: what it tells of a task, beside the requests and calls that the bridges tell."""

from typing import Final

from fleet.service import life_points
from narration_core import Catalogue, register_field

ACTOR: Final = "orchestratord"

register_field("attempt", int, "number of the try, from 1")
register_field("queue_depth", int, "number of waiting jobs")

LIFE: Final = life_points(ACTOR)
POINTS: Final = Catalogue(ACTOR)

admitted = POINTS.point(
    "admitted", "admit", "{job_id}",
    "Admitted the task with {queue_position} before it, predicted to start in {predicted_start_ms} ms",
    event="task_start", channel="request",
)  # fmt: skip
queue_full = POINTS.point(
    "queue_full", "refuse", "queue",
    "Refused a task: the queue is full, {queue_depth} waiting; it may come back in {retry_after_ms} ms",
    level="warn",
)  # fmt: skip
replica_wanted = POINTS.point(
    "replica_wanted", "place", "{model_ref}",
    "No ready replica fits: asking the pool manager for {model_ref} on the {device}",
    channel="request",
)  # fmt: skip
replica_silent = POINTS.point(
    "replica_silent", "place", "{replica_id}",
    "Left {replica_id} out: its worker did not answer the health check", level="warn",
    channel="request",
)  # fmt: skip
placed = POINTS.point(
    "placed", "place", "{replica_id}", "Placed the task on {replica_id} of pool {pool_id}", channel="request"
)
replica_lost = POINTS.point(
    "replica_lost", "replica_lost", "{replica_id}",
    "Lost {replica_id} before its answer was whole: {reason}", level="warn",
    channel="request",
)  # fmt: skip
cancel_wanted = POINTS.point("cancel_wanted", "cancel", "{job_id}", "The user cancelled the task", channel="request")
finished = POINTS.point(
    "finished", "finish", "{job_id}", "Answered the task: {tokens_out:token|tokens} from {replica_id}",
    event="task_end", channel="request",
)  # fmt: skip
cancelled = POINTS.point(
    "cancelled", "finish", "{job_id}", "Stopped the task, as its user asked", event="task_cancelled",
    channel="request",
)  # fmt: skip
failed = POINTS.point(
    "failed", "finish", "{job_id}", "Gave the task up: {reason}", event="task_failed", level="error",
    channel="request",
)  # fmt: skip
