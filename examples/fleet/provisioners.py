"""What a pool manager asks its provisioners, each by its name."""

from typing import Final, TypeVar

import msgspec

from fleet.http_settings import CallError, Peer
from fleet.service import RefusedError, in_short
from fleet.wire import Device, EngineWanted, PreparedEngine, StagedModel
from narration_core import Narrator, register_field

T = TypeVar("T", bound=msgspec.Struct)

ENGINES: Final = "engine-provisioner"
MODELS: Final = "model-provisioner"

register_field("verdict", str, "what came of it, in a few words")
register_field("wanted", str, "what a service is asked for")


class Provisioners:
    """Both provisioners.

    Args:
        engines: engine-provisioner.
        models: model-provisioner.
        narrate: who tells what is asked.
        answer_s: how long they may take to answer, in seconds.
    """

    def __init__(self, engines: Peer, models: Peer, narrate: Narrator, answer_s: float) -> None:
        self._engines = engines
        self._models = models
        self._narrate = narrate
        self._answer_s = answer_s

    async def engine(self, device: Device) -> PreparedEngine:
        """Return an engine for a device, and for no other.

        Raises:
            CallError: there is none, or engine-provisioner did not answer.
            RefusedError: it prepared one for another device.
        """
        wanted = EngineWanted(device)
        engine = await self._ask(self._engines, f"an engine for the {device}", "/v1/engines", wanted, PreparedEngine)
        if engine.mode != device:
            message = f"an engine for the {engine.mode} was prepared, the {device} was asked for"
            raise RefusedError(502, "WRONG_DEVICE", message, f"look at {ENGINES}")
        return engine

    async def model(self, model_ref: str) -> StagedModel:
        """Return a model that was checked and staged.

        Raises:
            CallError: there is none, or model-provisioner did not answer.
        """
        return await self._ask(self._models, model_ref, f"/v1/models/{model_ref}/stage", None, StagedModel)

    async def _ask(self, peer: Peer, what: str, path: str, body: msgspec.Struct | None, kind: type[T]) -> T:
        refused: CallError | None = None
        with self._narrate.span(
            "ask", peer.name, "Asking {target} for {wanted}", done="Asked {target}: {verdict}", wanted=what
        ) as work:
            try:
                found = await peer.call("POST", path, body, answer=kind, timeout_s=self._answer_s)
                work.note(verdict="it has it")
            except CallError as error:  # an answer, if not the one that was hoped for: the request's end tells it
                work.note(verdict=in_short(error.refusal.message), error_kind=error.refusal.code.lower())
                refused = error
        if refused is not None:
            raise refused
        return found
