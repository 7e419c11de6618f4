"""Starts a whole fleet as processes: for `make fleet`, for tests and for features."""

import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Final, NamedTuple

from narration_core import Event
from narration_core.serving.launch import RunningService, running

EXAMPLES: Final = Path(__file__).resolve().parents[1]
HUB: Final = "hub"
SERVICES: Final = ("model-provisioner", "engine-provisioner", "pool-managerd", "orchestratord")
"""In the order in which they start: each needs those before it."""

_NEEDS: Final[dict[str, tuple[str, ...]]] = {
    "pool-managerd": ("model-provisioner", "engine-provisioner"),
    "orchestratord": ("model-provisioner", "pool-managerd"),
}
_OPTIONS: Final = {
    "model-provisioner": "--model-provisioner",
    "engine-provisioner": "--engine-provisioner",
    "pool-managerd": "--pool-manager",
}
_KEEPS_FILES: Final = frozenset(("model-provisioner", "engine-provisioner"))


class Place(NamedTuple):
    """Where a service runs.

    Attributes:
        host: the address to listen on.
        prefix: a command that it is started by, such as `ip netns exec NAME`.
    """

    host: str = "127.0.0.1"
    prefix: tuple[str, ...] = ()


HERE: Final = Place()


class Fleet:
    """A running fleet.

    Attributes:
        services: its processes by name, the hub's included.
    """

    def __init__(self) -> None:
        self.services: dict[str, RunningService] = {}

    def url(self, name: str) -> str:
        """Return the address of a service."""
        return self.services[name].url

    @property
    def lines(self) -> list[bytes]:
        """All that its services narrated."""
        return [line for name, service in self.services.items() if name != HUB for line in service.lines]


@asynccontextmanager
async def fleet(
    folder: Path,
    *,
    arguments: Mapping[str, Sequence[str]] | None = None,
    environment: Mapping[str, str] | None = None,
    instead: Mapping[str, str] | None = None,
    places: Mapping[str, Place] | None = None,
    on_event: Callable[[Event], None] | None = None,
) -> AsyncIterator[Fleet]:
    """Start a hub and every service on free ports, yield them, and stop them at the end, the last one first.

    Args:
        folder: where the provisioners keep their files.
        arguments: more arguments of services, by name.
        environment: added to the environment of all.
        instead: addresses of services that somebody else runs, by name.
        places: where services run, by name; on this machine when absent.
        on_event: called with each event of the services as it arrives.

    Raises:
        ServiceEndedError: one of them could not start.
    """
    made, addresses = Fleet(), dict(instead or {})
    own = {"PYTHONPATH": str(EXAMPLES), "NARRATION_HUB": "", **(environment or {})}
    async with AsyncExitStack() as stack:

        async def start(name: str, command: list[str], env: Mapping[str, str], *, quiet: bool = False) -> None:
            place = (places or {}).get(name, HERE)
            given = [*place.prefix, sys.executable, "-m", *command, "--host", place.host, "--port", "0"]
            process = running(
                [*given, *(arguments or {}).get(name, ())],
                name=name,
                environment=env,
                on_event=None if quiet else on_event,
            )
            made.services[name] = service = await stack.enter_async_context(process)
            addresses[name] = service.url

        await start(HUB, ["narration_hub", "--no-data"], own, quiet=True)
        own["NARRATION_HUB"] = addresses[HUB]
        if "AUTH_TOKEN" in own:
            own.setdefault("NARRATION_HUB_TOKEN", own["AUTH_TOKEN"])
        for name in SERVICES:
            if name in addresses:
                continue
            files = ["--folder", str(folder / name)] if name in _KEEPS_FILES else []
            needs = [text for other in _NEEDS.get(name, ()) for text in (_OPTIONS[other], addresses[other])]
            await start(name, [f"fleet.{name.replace('-', '_')}", *files, *needs], own)
        yield made
