"""`make fleet`: a hub and every service of the fleet, one request through all of them, and its whole story.

    python -m fleet ["a haiku about GPUs"]

With KEEP=1 everything stays until Ctrl-C, to look around in the hub's panel. With HOSTS=1 the services run on several
hosts: network namespaces, which need root.

Exit codes: those of the keeper; 1 also when a service could not start; 130 interrupted.
"""

import asyncio
import contextlib
import os
import secrets
import signal
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from fleet.hosts import HostsError, hosts
from fleet.starting import EXAMPLES, HUB, Fleet, Place, fleet
from narration_core.serving.launch import ServiceEndedError

PROMPT: Final = "a haiku about GPUs"
FAILED: Final = 1
INTERRUPTED: Final = 130
FOLDER: Final = Path(".narration") / "fleet"
LINES: Final = FOLDER / "fleet.jsonl"


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _wants(name: str) -> bool:
    return os.environ.get(name, "").strip().lower() in {"1", "true", "yes", "on"}


async def _ask(made: Fleet, prompt: str, environment: Mapping[str, str]) -> int:
    """Type the keeper's command, as a user would; return its exit code."""
    addresses = {"ORCHESTRATOR": made.url("orchestratord"), "NARRATION_HUB": made.url(HUB)}
    keeper = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "fleet.keeper", prompt, "--device", "cpu"),
        env={**os.environ, "PYTHONPATH": str(EXAMPLES), **environment, **addresses},
    )
    return await keeper.wait()


async def _run(prompt: str, places: Mapping[str, Place], *, keep: bool) -> int:
    environment = {}
    if places:  # addresses that others could reach need a token
        token = secrets.token_hex(16)
        environment = {"AUTH_TOKEN": token, "NARRATION_HUB_TOKEN": token, "NARRATION_PROCESS": "1"}
    with tempfile.TemporaryDirectory(prefix="fleet-") as folder:
        async with fleet(Path(folder), environment=environment, places=places) as made:
            for name, service in made.services.items():
                _say(f"{name:<20} {service.url}")
            _say(f'\n$ python -m fleet.keeper "{prompt}" --device cpu\n')
            code = await _ask(made, prompt, environment)
            if keep:
                token = f" (its token is {environment['AUTH_TOKEN']})" if environment else ""
                _say(f"\nThe hub's panel: {made.url(HUB)}{token}. Everything goes on until Ctrl-C.")
                await _interrupted()
        # Those who have ended have narrated their end, too.
        FOLDER.mkdir(parents=True, exist_ok=True)
        LINES.write_bytes(b"\n".join([*made.lines, b""]))
    asked = made.services["orchestratord"].find(action="admit")
    story = "" if asked is None else f". To read it again: narration story {asked.correlation_id} {LINES}"
    _say(f"\n{len(made.lines)} events of {len(made.services) - 1} services{story}")
    if not keep:
        _say("To look around in the hub's panel: make fleet KEEP=1")
    return code


async def _interrupted() -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await stop.wait()


def main() -> int:
    """Run the fleet."""
    prompt = sys.argv[1] if len(sys.argv) > 1 else PROMPT
    try:
        with contextlib.ExitStack() as stack:
            places = stack.enter_context(hosts()) if _wants("HOSTS") else {}
            return asyncio.run(_run(prompt, places, keep=_wants("KEEP")))
    except (ServiceEndedError, HostsError, TimeoutError, OSError) as error:
        sys.stderr.write(f"error: the fleet could not finish: {str(error) or type(error).__name__}\n")
        return FAILED
    except KeyboardInterrupt:
        return INTERRUPTED


if __name__ == "__main__":
    sys.exit(main())
