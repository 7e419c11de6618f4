"""`python -m fleet.engine_provisioner`: engines that can compute here; the CPU only where it is asked for by name."""

import asyncio
import os
import sys
from pathlib import Path
from typing import Final

import msgspec
from aiohttp import web

from fleet.arguments import folder
from fleet.service import (
    RefusedError,
    Settings,
    application,
    body_of,
    in_short,
    json_answer,
    life_points,
    parser,
    run,
    settings_of,
)
from fleet.wire import Device, EngineWanted, PreparedEngine
from narration_core import Narrator, capture_process_async, register_field

NAME: Final = "engine-provisioner"
LONGEST_S: Final = 60.0
"""Longest time that looking for an engine may take, in seconds: a GPU's driver may hang."""

narrate: Final = Narrator(NAME)
LIFE: Final = life_points(NAME)

register_field("verdict", str, "what came of it, in a few words")


class Provisioner:
    """The service.

    Args:
        folder: where summaries of prepared engines are.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._looking: dict[Device, asyncio.Lock] = {"gpu": asyncio.Lock(), "cpu": asyncio.Lock()}

    def application(self, settings: Settings) -> web.Application:
        """Return the aiohttp application."""
        app = application(narrate, LIFE, settings)
        app.router.add_post("/v1/engines", self.prepare)
        return app

    async def prepare(self, request: web.Request) -> web.Response:
        """POST /v1/engines: look every time, because a GPU may be gone since the last time."""
        device = (await body_of(request, EngineWanted)).device
        summary = self._folder / f"{device}.json"
        work = narrate.span(
            "preflight", "llama.cpp", "Looking whether {target} can compute on the {device}",
            done="Looked at the {device}: {verdict}", device=device,
        )  # fmt: skip
        async with self._looking[device]:
            with work:
                summary.unlink(missing_ok=True)
                exit_code = await self._look(device, summary)
                is_ready = exit_code == 0 and summary.is_file()
                work.note(verdict="an engine is ready" if is_ready else "no engine")
            if not is_ready:
                raise self._refused(device, exit_code)
            return json_answer(msgspec.json.decode(summary.read_bytes(), type=PreparedEngine))

    @staticmethod
    async def _look(device: Device, summary: Path) -> int:
        # The child finds this package where this process found it.
        paths = [str(Path(__file__).parent.parent), os.environ.get("PYTHONPATH", "")]
        result = await capture_process_async(
            [sys.executable, "-m", "fleet.preflight", device, str(summary)],
            actor=NAME,
            env={**os.environ, "NARRATION_HUB": "", "PYTHONPATH": os.pathsep.join(filter(None, paths))},
            timeout_s=LONGEST_S,
        )
        return result.exit_code

    @staticmethod
    def _refused(device: Device, exit_code: int) -> RefusedError:
        if exit_code == 0:
            message = "no GPU was found, and the CPU was not asked for by name"
            hint = "install a build for the GPU, or ask for the CPU by name: device cpu"
            narrate.warn(
                "engine_refuse", device, "Refused an engine: {verdict}", verdict=in_short(message), error_kind="no_gpu"
            )
            return RefusedError(409, "NO_GPU", message, hint)
        message = f"llama.cpp cannot be used on the {device} (exit code {exit_code})"
        narrate.error(
            "engine_refuse", device, "Refused an engine: {verdict}", verdict=in_short(message), error_kind="no_engine"
        )
        return RefusedError(500, "NO_ENGINE", message, "see the narration of engine-provisioner")


def main() -> int:
    """Run the service."""
    given = parser("engine_provisioner", __doc__)
    given.add_argument("--folder", type=folder, required=True, help="where summaries of prepared engines are")
    arguments = given.parse_args()
    settings = settings_of(arguments)
    return run(NAME, LIFE, settings, Provisioner(arguments.folder).application(settings))


if __name__ == "__main__":
    sys.exit(main())
