"""`python -m fleet.pool_managerd`: starts workers where they are asked for, looks after them, and stops them."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from typing import Final, NamedTuple

import msgspec
from aiohttp import web

from fleet.arguments import address, seconds, whole
from fleet.http_settings import CallError, Peer, session
from fleet.provisioners import ENGINES, MODELS, Provisioners
from fleet.recovery import Backoff, Breaker
from fleet.replica import Supervisor, WorkerFailedError
from fleet.service import (
    ADDRESS,
    RefusedError,
    application,
    body_of,
    in_short,
    json_answer,
    life_points,
    parser,
    run,
    settings_of,
)
from fleet.service import Settings as ServiceSettings
from fleet.wire import Name, PreparedEngine, Replica, Replicas, ReplicaWanted, StagedModel
from fleet.worker_process import Limits, Order
from narration_core import Narrator, bind, register_field
from narration_worker.wire import ReadyCallback

NAME: Final = "pool-managerd"
narrate: Final = Narrator(NAME)
LIFE: Final = life_points(NAME)

_GONE, _SERVER_FAULT = 410, 500
_EVERY_POOL: Final = "every pool"  # no name: names have no blank
_MOST_BREAKERS: Final = 1000

register_field("verdict", str, "what came of it, in a few words")
register_field("workers", int, "number of workers")


class Settings(NamedTuple):
    """Settings of the service.

    Attributes:
        engine_provisioner: its address.
        model_provisioner: its address.
        worker_host: the address that workers listen on.
        answer_s: how long a provisioner may take to answer, in seconds.
        most_replicas: how many workers there may be.
        limits: how long workers get.
        backoff: the pauses before a worker is started again.
        most_crashes: how many crashes in a row are too many.
        rest_s: how long nobody tries after that, in seconds.
    """

    engine_provisioner: str
    model_provisioner: str
    worker_host: str = "127.0.0.1"
    answer_s: float = 60.0
    most_replicas: int = 16
    limits: Limits = Limits()
    backoff: Backoff = Backoff()
    most_crashes: int = 5
    rest_s: float = 60.0


class PoolManager:
    """The service.

    Args:
        settings: its settings.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._replicas: dict[str, Supervisor] = {}
        self._breakers: dict[tuple[str, str], Breaker] = {}
        self._draining: set[str] = set()
        self._placing = 0
        self._count = 0

    def application(self, settings: ServiceSettings) -> web.Application:
        """Return the aiohttp application."""
        app = application(narrate, LIFE, settings)
        self._address, self._token = app[ADDRESS], settings.token
        app.router.add_post("/v1/pools/{pool_id}/replicas", self.place)
        app.router.add_post("/v1/pools/{pool_id}/drain", self.drain)
        app.router.add_get("/v1/replicas", self.replicas)
        app.router.add_post("/v1/replicas/{replica_id}/ready", self.ready)
        app.cleanup_ctx.append(self._life)
        app.on_shutdown.append(self._stop_all)
        return app

    async def _life(self, _: web.Application) -> AsyncIterator[None]:
        """Hold connections open; each worker's output is read by a thread of its own."""
        threads = ThreadPoolExecutor(self._settings.most_replicas + 4)
        asyncio.get_running_loop().set_default_executor(threads)
        settings = self._settings
        async with session(narrate) as http:
            self._provisioners = Provisioners(
                Peer(http, ENGINES, settings.engine_provisioner, self._token),
                Peer(http, MODELS, settings.model_provisioner, self._token),
                narrate,
                settings.answer_s,
            )
            yield

    # -- placing -------------------------------------------------------------------------------

    async def place(self, request: web.Request) -> web.Response:
        """POST /v1/pools/{pool_id}/replicas: answer when a worker is ready."""
        wanted = await body_of(request, ReplicaWanted)
        pool_id = _pool_id(request)
        with bind(pool_id=pool_id, model_ref=wanted.model_ref):
            try:
                replica = await self._placed(pool_id, wanted)
            except (RefusedError, CallError) as error:
                self._narrate_refusal(wanted, error)
                raise
        return json_answer(replica, 201)

    async def _placed(self, pool_id: str, wanted: ReplicaWanted) -> Replica:
        self._check_room(pool_id)
        breaker = self._breakers.get((pool_id, wanted.model_ref))
        rest_s = 0.0 if breaker is None else breaker.admit(asyncio.get_running_loop().time())
        if breaker is not None and rest_s:
            times = "once" if breaker.crashes == 1 else f"{breaker.crashes} times in a row"
            message = f"{wanted.model_ref} crashed {times} in pool {pool_id}"
            hint = f"it is not started again for {max(1, round(rest_s))} s; the pool manager's narration says why"
            raise RefusedError(503, "CIRCUIT_OPEN", message, hint, retry_after_s=max(1, round(rest_s)))
        self._placing += 1
        try:
            # The engine first: without a GPU, gigabytes would be copied for nothing.
            engine = await self._provisioners.engine(wanted.device)
            model = await self._provisioners.model(wanted.model_ref)
        finally:
            self._placing -= 1
        self._check_room(pool_id)  # much may have happened meanwhile
        return await self._started(pool_id, model, engine)

    async def _started(self, pool_id: str, model: StagedModel, engine: PreparedEngine) -> Replica:
        self._forget_broken(pool_id, model.model_ref)
        self._count += 1
        replica_id = f"{pool_id[:48]}-{self._count}"
        settings = self._settings
        supervisor = self._replicas[replica_id] = Supervisor(
            Order(pool_id, replica_id, model, engine),
            self._breaker(pool_id, model.model_ref),
            settings.backoff,
            settings.limits,
            settings.worker_host,
            f"{self._address.url}/v1/replicas/{replica_id}/ready",
        )
        failure = ""
        with narrate.span(
            "replica_start", replica_id, "Starting {model_ref} as {target} on the {device}",
            done="Started {target}: {verdict}", replica_id=replica_id, device=engine.mode,
        ) as work:  # fmt: skip
            try:
                await supervisor.until_ready()
            except WorkerFailedError as error:
                failure = f"its worker {error}"
            work.note(verdict=in_short(failure) or "its worker is ready")
        if failure:
            del self._replicas[replica_id]
            raise RefusedError(502, "WORKER_FAILED", f"{model.model_ref} cannot be started: {failure}")
        return supervisor.describe()

    def _check_room(self, pool_id: str) -> None:
        if pool_id in self._draining or _EVERY_POOL in self._draining:
            raise RefusedError(409, "POOL_DRAINING", f"pool {pool_id} is being drained", "choose another pool")
        if (
            sum(one.state != "broken" for one in self._replicas.values()) + self._placing
            >= self._settings.most_replicas
        ):
            message = f"workers already there: {self._settings.most_replicas}"
            raise RefusedError(409, "POOL_FULL", message, "drain a pool, or start with a larger --most-replicas")

    def _breaker(self, pool_id: str, model_ref: str) -> Breaker:
        key, settings = (pool_id, model_ref), self._settings
        if key not in self._breakers:
            if len(self._breakers) >= _MOST_BREAKERS:  # pools are named by callers
                del self._breakers[next(iter(self._breakers))]
            self._breakers[key] = Breaker(settings.most_crashes, settings.rest_s)
        return self._breakers[key]

    def _forget_broken(self, pool_id: str, model_ref: str) -> None:
        """Forget workers that were given up, now that somebody tries again."""
        for replica_id, one in list(self._replicas.items()):
            if (one.state, one.order.pool_id, one.order.model.model_ref) == ("broken", pool_id, model_ref):
                del self._replicas[replica_id]

    @staticmethod
    def _narrate_refusal(wanted: ReplicaWanted, error: RefusedError | CallError) -> None:
        refusal = error.refusal
        if refusal.code == "NO_GPU":
            narrate.warn(
                "spill_over", wanted.model_ref, "Did not place {target} on the CPU instead: it was asked for on a GPU",
                error_kind="no_gpu",
            )  # fmt: skip
        tell = narrate.error if error.status >= _SERVER_FAULT else narrate.warn
        tell(
            "place_refuse", wanted.model_ref, "Did not place {target} on the {device}: {verdict}",
            device=wanted.device, verdict=in_short(refusal.message), error_kind=refusal.code.lower(),
        )  # fmt: skip

    # -- looking after -------------------------------------------------------------------------

    async def ready(self, request: web.Request) -> web.Response:
        """POST /v1/replicas/{replica_id}/ready: a worker's callback; 410 ends the calls of one that is too late."""
        told = await body_of(request, ReadyCallback)
        supervisor = self._replicas.get(request.match_info["replica_id"])
        if supervisor is None or not supervisor.ready(told.worker_id, told.uri):
            raise RefusedError(_GONE, "STALE_WORKER", f"worker {told.worker_id[:80]} is not waited for")
        return web.Response(status=204)

    async def replicas(self, _: web.Request) -> web.Response:
        """GET /v1/replicas."""
        return json_answer(Replicas([supervisor.describe() for supervisor in self._replicas.values()]))

    async def drain(self, request: web.Request) -> web.Response:
        """POST /v1/pools/{pool_id}/drain: answer when every worker has finished its jobs and ended."""
        pool_id = _pool_id(request)
        if not any(one.order.pool_id == pool_id for one in self._replicas.values()):
            raise RefusedError(404, "UNKNOWN_POOL", f"pool {pool_id[:80]} has no workers")
        await self._drained(pool_id)
        return await self.replicas(request)

    async def _stop_all(self, _: web.Application) -> None:
        await self._drained(_EVERY_POOL)

    async def _drained(self, pool_id: str) -> None:
        """Stop the workers of a pool, or of every pool."""
        found = {
            replica_id: one for replica_id, one in self._replicas.items() if pool_id in {one.order.pool_id, _EVERY_POOL}
        }
        self._draining.add(pool_id)
        with narrate.span(
            "drain", pool_id, "Draining {target}, workers: {workers}", done="Drained {target}", workers=len(found)
        ):
            await asyncio.gather(*(one.stop() for one in found.values()))
        for replica_id in found:
            self._replicas.pop(replica_id, None)
        if pool_id != _EVERY_POOL:
            self._draining.discard(pool_id)


def _pool_id(request: web.Request) -> str:
    try:
        return msgspec.convert(request.match_info["pool_id"], Name)
    except msgspec.ValidationError:
        raise RefusedError(
            400, "INVALID_REQUEST", "this is no name of a pool", "use letters, digits and . _ -"
        ) from None


def main() -> int:
    """Run the service."""
    given = parser("pool_managerd", __doc__)
    given.add_argument(
        "--engine-provisioner", type=address, default=os.environ.get("ENGINE_PROVISIONER", "http://127.0.0.1:8503")
    )
    given.add_argument(
        "--model-provisioner", type=address, default=os.environ.get("MODEL_PROVISIONER", "http://127.0.0.1:8504")
    )
    given.add_argument("--worker-host", help="the address that workers listen on; --host when absent")
    given.add_argument("--answer-sec", type=seconds, default=60.0, help="how long a provisioner may take to answer")
    given.add_argument("--start-sec", type=seconds, default=120.0, help="how long a worker may take to be ready")
    given.add_argument("--stop-sec", type=seconds, default=30.0, help="how long a worker may take to finish its jobs")
    given.add_argument("--health-sec", type=seconds, default=2.0, help="time between health checks")
    given.add_argument("--pause-sec", type=seconds, default=0.5, help="first pause before a worker is started again")
    given.add_argument("--most-crashes", type=whole(1), default=5, help="how many crashes in a row are too many")
    given.add_argument("--rest-sec", type=seconds, default=60.0, help="how long nobody tries after that")
    given.add_argument("--most-replicas", type=whole(1, 1000), default=16, help="how many workers there may be")
    arguments = given.parse_args()
    service = settings_of(arguments)
    settings = Settings(
        arguments.engine_provisioner,
        arguments.model_provisioner,
        arguments.worker_host or service.host,
        arguments.answer_sec,
        arguments.most_replicas,
        Limits(arguments.start_sec, arguments.stop_sec, arguments.health_sec),
        Backoff(arguments.pause_sec),
        arguments.most_crashes,
        arguments.rest_sec,
    )
    return run(NAME, LIFE, service, PoolManager(settings).application(service))


if __name__ == "__main__":
    sys.exit(main())
