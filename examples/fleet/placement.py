"""Where a task runs: a ready replica that fits what the model needs, or a new one."""

import asyncio
from collections.abc import Collection
from typing import Final

import aiohttp

from fleet.http_settings import CallError, Peer
from fleet.orchestrator_points import placed, replica_silent, replica_wanted
from fleet.service import RefusedError
from fleet.wire import Model, ModelRequirements, Replica, Replicas, ReplicaWanted, TaskWanted
from narration_worker.client import WorkerClient, WorkerRefusedError

START_S: Final = 180.0
"""Longest time for a new replica: a model is staged, and a worker loads it."""

HEALTH_S: Final = 5.0


class Placement:
    """Finds replicas.

    Args:
        pools: the pool manager.
        models: the model provisioner.
        token: shown to workers.
    """

    def __init__(self, pools: Peer, models: Peer, token: str | None) -> None:
        self._pools = pools
        self._models = models
        self._token = token
        self._asking: dict[tuple[str, str], asyncio.Lock] = {}

    async def place(self, wanted: TaskWanted, lost: Collection[str]) -> Replica:
        """Return a ready replica.

        Args:
            wanted: the task.
            lost: replicas that were lost with this task: not again.

        Raises:
            RefusedError: the model cannot answer it anywhere.
            CallError: a service that is needed did not help.
        """
        model = await self._models.call("GET", f"/v1/models/{wanted.model_ref}", answer=Model)
        if wanted.max_tokens >= model.requirements.context_tokens:
            raise RefusedError(
                422,
                "CONTEXT_TOO_SHORT",
                f"max_tokens {wanted.max_tokens} does not fit the {model.requirements.context_tokens} of"
                f" {model.model_ref}",
                "ask for fewer tokens",
            )
        # One at a time for each kind of replica, so that two tasks do not ask for two of them. Models are few.
        async with self._asking.setdefault((wanted.model_ref, wanted.device), asyncio.Lock()):
            found = await self._ready(wanted, model.requirements, lost)
            if found is None:
                found = await self._new(wanted)
        placed(pool_id=found.pool_id, replica_id=found.replica_id, model_ref=found.model_ref, device=found.device)
        return found

    async def _ready(self, wanted: TaskWanted, needs: ModelRequirements, lost: Collection[str]) -> Replica | None:
        """Return the ready replica with the shortest queue among those that fit."""
        known = await self._pools.call("GET", "/v1/replicas", answer=Replicas)
        candidates = [
            replica
            for replica in known.replicas
            if replica.state == "ready"
            and (replica.model_ref, replica.device) == (wanted.model_ref, wanted.device)
            and replica.replica_id not in lost
        ]
        depths = await asyncio.gather(*(self._depth(replica, needs) for replica in candidates))
        fitting = [(depth, number) for number, depth in enumerate(depths) if depth is not None]
        return candidates[min(fitting)[1]] if fitting else None

    async def _depth(self, replica: Replica, needs: ModelRequirements) -> int | None:
        """Return how many jobs wait at a replica; None when it does not answer or does not fit."""
        try:
            async with asyncio.timeout(HEALTH_S), WorkerClient(replica.url, token=self._token, tries=1) as worker:
                health = await worker.health()
        except (aiohttp.ClientError, TimeoutError, WorkerRefusedError) as error:
            kind = "timeout" if isinstance(error, TimeoutError) else "no_health"
            replica_silent(pool_id=replica.pool_id, replica_id=replica.replica_id, error_kind=kind)
            return None  # the pool manager will notice, too, and start it again
        if health.get("status") != "healthy" or int(health.get("context_length") or 0) < needs.context_tokens:
            return None
        return int(health.get("queue_depth") or 0)

    async def _new(self, wanted: TaskWanted) -> Replica:
        replica_wanted(model_ref=wanted.model_ref, device=wanted.device)
        body = ReplicaWanted(wanted.model_ref, wanted.device)
        path = f"/v1/pools/{wanted.device}/replicas"
        replica = await self._pools.call("POST", path, body, answer=Replica, timeout_s=START_S)
        if replica.state != "ready" or not replica.url:
            raise CallError("garbled", self._pools.name, path)
        return replica
