"""How many CPUs this process may use: its affinity and its cgroup's quota, not the machine's processors.

llama.cpp's threads spin while they wait for each other: one thread more than there are CPUs makes generation tens of
times slower, and so does anything else that runs on them. One CPU is left to the event loop, which sends what is
generated, and to the rest of the machine.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

MOST_THREADS: Final = 8
_ONE_THREAD_BELOW: Final = 64 * 1024 * 1024
"""Size of a model, in bytes, below which more threads cost more than they compute."""

_CGROUPS: Final = Path("/sys/fs/cgroup")
_MEMBERSHIP: Final = Path("/proc/self/cgroup")


def available_cpus(cgroups: Path = _CGROUPS, membership: Path = _MEMBERSHIP) -> int:
    """Return how many CPUs this process may keep busy, at least 1.

    Args:
        cgroups: where cgroups are mounted.
        membership: the file that names this process's cgroups.
    """
    affinity = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quotas = [cpus for folder in cgroup_folders("cpu", cgroups, membership) if (cpus := _quota(folder)) is not None]
    return max(1, int(min([affinity, *quotas])))


def thread_count(requested: int | None, model_bytes: int, cpus: int) -> int:
    """Return how many threads compute.

    Args:
        requested: the value of `--threads`; None when it is absent.
        model_bytes: size of the model, in bytes.
        cpus: how many CPUs may be kept busy.
    """
    if requested is not None:
        return requested
    return 1 if model_bytes < _ONE_THREAD_BELOW else min(max(1, cpus - 1), MOST_THREADS)


def cgroup_folders(controller: str, cgroups: Path = _CGROUPS, membership: Path = _MEMBERSHIP) -> Iterator[Path]:
    """Yield the folders of this process's cgroup and of all above it, whose limits hold as well.

    Args:
        controller: such as cpu or memory; cgroup version 1 has a tree for each.
        cgroups: where cgroups are mounted.
        membership: the file that names this process's cgroups.
    """
    try:
        lines = membership.read_text("utf-8", "replace").splitlines()
    except OSError:
        return
    for line in lines:
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if controllers and controller not in controllers.split(","):
            continue
        root = cgroups / controllers if controllers else cgroups
        if controllers and not root.is_dir():
            root = cgroups / controller
        folder = root / path.lstrip("/")
        while True:  # inside a container the path may name folders that only the host sees
            yield folder
            if folder == root or root not in folder.parents:
                break
            folder = folder.parent


def read_number(path: Path) -> int | None:
    """Return the number in a file of a cgroup; None when there is no limit or no file."""
    try:
        return int(path.read_text("ascii"))
    except (OSError, ValueError):
        return None


def _quota(folder: Path) -> float | None:
    try:
        quota, period = (folder / "cpu.max").read_text("ascii").split()
    except (OSError, ValueError):
        limit, every = read_number(folder / "cpu.cfs_quota_us"), read_number(folder / "cpu.cfs_period_us")
        return limit / every if limit is not None and limit > 0 and every else None
    return int(quota) / int(period) if quota.isdigit() and int(period) else None
