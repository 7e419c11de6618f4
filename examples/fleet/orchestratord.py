"""The orchestrator: admits tasks, places them on workers, and passes the workers' streams on to the users.

    python -m fleet.orchestratord --pool-manager URL --model-provisioner URL

It is the edge of the fleet: a user's correlation id is taken, his job ids are not.
"""

import asyncio
import contextlib
import os
import secrets
import sys
from collections.abc import AsyncIterator
from typing import Any, Final

import aiohttp
from aiohttp import web

from fleet import orchestrator_points as points
from fleet.arguments import address, whole
from fleet.http_settings import CallError, Peer, session
from fleet.placement import Placement
from fleet.service import RefusedError, Settings, application, body_of, in_short, json_answer, parser, run, settings_of
from fleet.tasks import Job, Queue
from fleet.wire import Refusal, Task, TaskWanted
from narration_core import Narrator, bind, bound
from narration_core.serving.sse import HEADERS
from narration_worker.client import StreamCutError, WorkerClient, WorkerRefusedError

REPLICAS_TRIED: Final = 3
"""A task that has lost so many replicas probably kills them itself."""

TASK_S: Final = 600.0
CANCEL_S: Final = 5.0
"""Longest time that a worker gets to stop a task; then its stream is closed."""

_CANCELLED: Final = Refusal("CANCELLED", "the task was cancelled")
_LATE: Final = Refusal("TIMEOUT", f"the task took longer than {TASK_S:g} s", "ask for fewer tokens")
_SHUT_DOWN: Final = Refusal("SHUTTING_DOWN", "the orchestrator is shutting down", "send the task again")
_DIGITS: Final = 15  # of the numbers of a stream


class LostError(Exception):
    """A worker was lost in the middle of its answer.

    Args:
        reason: how, in a few words.
        kind: the same for programs.
    """

    def __init__(self, reason: str, kind: str) -> None:
        super().__init__(reason)
        self.kind = kind


class Orchestrator:
    """The endpoints, and the life of each task.

    Args:
        queue: the tasks.
        settings: the token for the other services.
        pool_manager: its address.
        model_provisioner: its address.
    """

    def __init__(self, queue: Queue, settings: Settings, pool_manager: str, model_provisioner: str) -> None:
        self._queue = queue
        self._token = settings.token
        self._pool_manager = pool_manager
        self._model_provisioner = model_provisioner
        self._narrate = Narrator(points.ACTOR)
        self._placement: Placement

    def application(self, settings: Settings) -> web.Application:
        """Return the service."""
        app = application(self._narrate, points.LIFE, settings, trust="edge")
        app.router.add_post("/v1/tasks", self.submit)
        app.router.add_get("/v1/tasks/{job_id}", self.state)
        app.router.add_get("/v1/tasks/{job_id}/events", self.events, allow_head=False)
        app.router.add_post("/v1/tasks/{job_id}/cancel", self.cancel)
        app.cleanup_ctx.append(self._life)
        app.on_shutdown.append(self._stop)
        return app

    async def _life(self, _: web.Application) -> AsyncIterator[None]:
        async with session(self._narrate) as http:
            self._placement = Placement(
                Peer(http, "pool-managerd", self._pool_manager, self._token),
                Peer(http, "model-provisioner", self._model_provisioner, self._token),
                self._token,
            )
            yield

    async def _stop(self, _: web.Application) -> None:
        await self._queue.stop()  # before the readers are cut off: they get the last event

    # -- endpoints --------------------------------------------------------------------------------

    async def submit(self, request: web.Request) -> web.Response:
        """POST /v1/tasks."""
        wanted = await body_of(request, TaskWanted)
        position, predicted_ms = self._queue.forecast()
        if self._queue.full:
            points.queue_full(queue_depth=self._queue.waiting, retry_after_ms=predicted_ms)
            raise RefusedError(
                429,
                "QUEUE_FULL",
                f"{self._queue.waiting} tasks are waiting already",
                retry_after_s=max(1, round(predicted_ms / 1000)),
            )
        job = Job(f"task-{secrets.token_hex(6)}", str(bound()["correlation_id"]), wanted)
        with bind(job_id=job.job_id):  # the task that is started here keeps the scope
            points.admitted(queue_position=position, predicted_start_ms=predicted_ms)
            self._queue.start(job, self._run(job))
        return json_answer(Task(job.job_id, job.correlation_id, position, predicted_ms), 202)

    async def state(self, request: web.Request) -> web.Response:
        """GET /v1/tasks/{job_id}."""
        return json_answer(self._queue.job(request.match_info["job_id"]).state)

    async def cancel(self, request: web.Request) -> web.Response:
        """POST /v1/tasks/{job_id}/cancel; again is fine."""
        job = self._queue.job(request.match_info["job_id"])
        job.cancel_wanted.set()
        return json_answer(job.state, 202)

    async def events(self, request: web.Request) -> web.StreamResponse:
        """GET /v1/tasks/{job_id}/events: the task's stream; after Last-Event-ID, when that is given."""
        job = self._queue.job(request.match_info["job_id"])
        after = request.headers.get("Last-Event-ID", "0")
        if not (after.isascii() and after.isdigit() and len(after) <= _DIGITS):
            raise RefusedError(400, "INVALID_REQUEST", "Last-Event-ID is not an id of this stream")
        response = web.StreamResponse(headers=HEADERS | {"X-Job-Id": job.job_id})
        await response.prepare(request)
        async for frame in job.stream.read(int(after)):
            await response.write(frame.encoded())
        return response

    # -- a task -----------------------------------------------------------------------------------

    async def _run(self, job: Job) -> None:
        """Run a task to its end: whatever happens, its stream gets one last event and its story one last sentence."""
        work = asyncio.create_task(self._answer(job))
        cancelling = asyncio.create_task(self._cancel_when_wanted(job, work))
        try:
            async with asyncio.timeout(TASK_S):
                await work
        except TimeoutError:
            self._failed(job, _LATE)
        except asyncio.CancelledError:
            if job.cancel_wanted.is_set():
                self._cancelled(job)
            else:
                self._failed(job, _SHUT_DOWN)
                raise
        except (CallError, RefusedError) as error:
            if error.refusal.code == _CANCELLED.code:
                self._cancelled(job)
            else:
                self._failed(job, error.refusal)
        except Exception as error:  # noqa: BLE001 - a task that nobody ends would be waited for for ever
            self._failed(job, Refusal("INTERNAL", f"unexpected {type(error).__name__}"))
        finally:
            work.cancel()
            cancelling.cancel()

    async def _cancel_when_wanted(self, job: Job, work: "asyncio.Task[None]") -> None:
        """Stop a task that its user does not want any more: on its worker, where it runs on one."""
        await job.cancel_wanted.wait()
        points.cancel_wanted()
        if job.worker is not None:
            with contextlib.suppress(WorkerRefusedError, aiohttp.ClientError, TimeoutError):
                async with asyncio.timeout(CANCEL_S):
                    await job.worker.cancel(job.job_id)
                    await asyncio.wait([work])  # the stream's last event says so
        work.cancel()

    async def _answer(self, job: Job) -> None:
        async with self._queue.turn(job):
            lost: set[str] = set()
            while not job.stream.ended:
                job.status = "placing"
                replica = await self._placement.place(job.wanted, lost)
                job.status, job.replica_id, job.attempts = "running", replica.replica_id, job.attempts + 1
                with bind(pool_id=replica.pool_id, replica_id=replica.replica_id):
                    try:
                        await self._relay(job, replica.url)
                    except LostError as error:
                        self._lost(job, error)
                        lost.add(replica.replica_id)

    def _lost(self, job: Job, error: LostError) -> None:
        """Have a task tried on another replica, unless it has lost too many."""
        points.replica_lost(reason=in_short(str(error)), error_kind=error.kind, attempt=job.attempts)
        if job.attempts == REPLICAS_TRIED:
            message = f"{REPLICAS_TRIED} replicas were lost in the middle of the answer"
            raise RefusedError(502, "REPLICAS_LOST", message, "the workers' own stories say why")
        job.stream.add("restarted", {"attempt": job.attempts + 1})  # what came so far is void

    async def _relay(self, job: Job, url: str) -> None:
        """Pass a worker's stream on.

        Raises:
            LostError: it broke, or the worker cannot go on.
            RefusedError: the worker does not want the task, and no other one would.
        """
        try:
            async with WorkerClient(url, token=self._token) as worker:
                job.worker = worker
                await self._pass_on(job, worker)
        except WorkerRefusedError as error:
            message = str(error.body.get("message", "its worker gave no reason"))
            if error.retriable:
                raise LostError(message, error.code.lower()) from None
            raise RefusedError(error.status, error.code, message) from None
        except (StreamCutError, aiohttp.ClientError, OSError):
            raise LostError("the connection to its worker broke", "connection_broke") from None
        finally:
            job.worker = None

    async def _pass_on(self, job: Job, worker: WorkerClient) -> None:
        wanted, before = job.wanted, job.stream.last
        stream = worker.execute(prompt=wanted.prompt, max_tokens=wanted.max_tokens, seed=wanted.seed, job_id=job.job_id)
        async for message in stream:
            if message.name == "end":
                self._finished(job, message.data)
            elif message.name == "error":
                raise WorkerRefusedError(502, message.data, {})
            else:
                number = None if message.event_id is None else before + message.event_id
                job.stream.add(message.name, message.data, number)

    # -- ends -------------------------------------------------------------------------------------

    def _finished(self, job: Job, data: dict[str, Any]) -> None:
        points.finished(tokens_out=data.get("tokens_out"))
        job.end("finished", None, data)

    def _cancelled(self, job: Job) -> None:
        if not job.stream.ended:
            points.cancelled()
            job.end("cancelled", _CANCELLED, _CANCELLED)

    def _failed(self, job: Job, refusal: Refusal) -> None:
        if not job.stream.ended:
            job.end("failed", refusal, refusal)  # first: the user waits for it, whatever becomes of the sentence
            points.failed(code=refusal.code, reason=in_short(refusal.message), error_kind=refusal.code.lower())


def main() -> int:
    """Run the orchestrator."""
    arguments = parser(points.ACTOR, __doc__)
    arguments.add_argument(
        "--pool-manager", type=address, default=os.environ.get("POOL_MANAGER", "http://127.0.0.1:8502")
    )
    arguments.add_argument(
        "--model-provisioner", type=address, default=os.environ.get("MODEL_PROVISIONER", "http://127.0.0.1:8504")
    )
    arguments.add_argument("--slots", type=whole(1), default=2, help="tasks that run at a time")
    arguments.add_argument("--queue-limit", type=whole(0), default=16, help="tasks that may wait")
    arguments.add_argument(
        "--expected-ms", type=whole(1), default=2000, help="how long a task takes, until one has ended"
    )
    options = arguments.parse_args()
    settings = settings_of(options)
    queue = Queue(options.slots, options.queue_limit, options.expected_ms)
    app = Orchestrator(queue, settings, options.pool_manager, options.model_provisioner).application(settings)
    return run(points.ACTOR, points.LIFE, settings, app)


if __name__ == "__main__":
    sys.exit(main())
