"""Threads follow what the process may use, not what the machine has."""

import os

import pytest

from narration_worker.model.cpu import MOST_THREADS, available_cpus, thread_count

MEGABYTE = 1_000_000


def cgroup(tmp_path, membership, **files):
    """Write a cgroup tree; returns the arguments of `available_cpus`."""
    listed = tmp_path / "cgroup"
    listed.write_text(membership)
    for name, content in files.items():
        path = tmp_path / "fs" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return tmp_path / "fs", listed


@pytest.fixture
def many(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(16)), raising=False)


@pytest.mark.req("M0-W-1100")
@pytest.mark.parametrize(
    ("membership", "files", "cpus"),
    [
        ("0::/\n", {"cpu.max": "100000 100000\n"}, 1),
        ("0::/\n", {"cpu.max": "max 100000\n"}, 16),
        ("0::/\n", {"cpu.max": "250000 100000\n"}, 2),
        ("0::/\n", {"cpu.max": "50000 100000\n"}, 1),
        ("0::/a/b\n", {"a/cpu.max": "300000 100000\n", "a/b/cpu.max": "max 100000\n"}, 3),
        ("0::/only/the/host/sees/this\n", {"cpu.max": "200000 100000\n"}, 2),
        ("4:cpu,cpuacct:/\n", {"cpu,cpuacct/cpu.cfs_quota_us": "400000", "cpu,cpuacct/cpu.cfs_period_us": "100000"}, 4),
        ("4:cpu,cpuacct:/\n", {"cpu,cpuacct/cpu.cfs_quota_us": "-1", "cpu,cpuacct/cpu.cfs_period_us": "100000"}, 16),
        ("4:cpu:/\n", {"cpu/cpu.cfs_quota_us": "100000", "cpu/cpu.cfs_period_us": "100000"}, 1),
        ("0::/\n", {"cpu.max": "nonsense"}, 16),
        ("nonsense", {}, 16),
    ],
)
def test_a_quota_limits_the_cpus(tmp_path, many, membership, files, cpus):
    assert available_cpus(*cgroup(tmp_path, membership, **files)) == cpus


def test_affinity_limits_the_cpus_where_there_is_no_cgroup(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {3}, raising=False)
    assert available_cpus(tmp_path, tmp_path / "absent") == 1


@pytest.mark.parametrize(
    ("requested", "megabytes", "cpus", "threads"),
    [
        (None, 1, 16, 1),
        (None, 300, 1, 1),
        (None, 300, 2, 1),
        (None, 300, 4, 3),
        (None, 300, 64, MOST_THREADS),
        (5, 1, 2, 5),
    ],
)
def test_the_number_of_threads(requested, megabytes, cpus, threads):
    """One CPU is left to the event loop: threads that share one with it wait for each other."""
    assert thread_count(requested, megabytes * MEGABYTE, cpus) == threads
