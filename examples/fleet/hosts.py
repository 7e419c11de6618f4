"""Several hosts on one machine: network namespaces on a bridge. Linux, root and the program `ip` are needed."""

import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Final

from fleet.starting import Place

NETWORK: Final = "10.77.33"
"""The first three bytes of all addresses; this machine itself is number 1."""

BRIDGE: Final = "narration0"
HOSTS: Final = {
    "front": ("hub", "orchestratord"),
    "store": ("model-provisioner",),
    "pool": ("engine-provisioner", "pool-managerd"),  # and the workers that it starts
}
"""The services of each host."""

SECONDS: Final = 10.0


class HostsError(Exception):
    """Hosts could not be made; the message says why and what to do."""


def _ip(*arguments: str) -> None:
    program = shutil.which("ip") or shutil.which("ip", path="/sbin:/usr/sbin")
    if program is None:
        raise HostsError("HOSTS=1 needs the program `ip`: install iproute2")
    done = subprocess.run(  # noqa: S603 - the arguments are ours
        [program, *arguments], capture_output=True, text=True, timeout=SECONDS, check=False
    )
    if done.returncode:
        command = " ".join(("ip", *arguments))
        raise HostsError(
            f"`{command}` failed: {done.stderr.strip()}; HOSTS=1 needs root on Linux and network namespaces: run it as "
            "root, in a container with --cap-add NET_ADMIN --cap-add SYS_ADMIN, or leave HOSTS out"
        )


@contextmanager
def hosts() -> Iterator[dict[str, Place]]:
    """Make the hosts; yield where each service runs; remove them at the end.

    Raises:
        HostsError: this is not permitted, or cannot be done.
    """
    with ExitStack() as stack:
        _made(stack, ("link", "add", BRIDGE, "type", "bridge"), ("link", "del", BRIDGE))
        _ip("addr", "add", f"{NETWORK}.1/24", "dev", BRIDGE)
        _ip("link", "set", BRIDGE, "up")
        places: dict[str, Place] = {}
        for number, (host, services) in enumerate(HOSTS.items(), start=2):
            name = f"narration-{host}"
            outside, address = f"nfleet{number}", f"{NETWORK}.{number}"
            _made(stack, ("netns", "add", name), ("netns", "del", name))
            # The inner end goes with its namespace, and the outer end with it.
            _ip("link", "add", outside, "type", "veth", "peer", "name", "eth0", "netns", name)
            _ip("link", "set", outside, "master", BRIDGE, "up")
            inside = ("-n", name)
            _ip(*inside, "addr", "add", f"{address}/24", "dev", "eth0")
            _ip(*inside, "link", "set", "eth0", "up")
            _ip(*inside, "link", "set", "lo", "up")
            places |= dict.fromkeys(services, Place(address, ("ip", "netns", "exec", name)))
        yield places


def _made(stack: ExitStack, make: Sequence[str], remove: Sequence[str]) -> None:
    _ip(*make)
    stack.callback(_removed, remove)


def _removed(remove: Sequence[str]) -> None:
    _ip(*remove)
