"""The pool manager on its own, with real provisioners and a real worker: places, drains, refuses."""

import json
import os
import select
import shutil
import signal
import urllib.error
import urllib.request

import pytest

from support.fleet import TOKEN, RunningFleet

pytestmark = pytest.mark.req("FLEET-03")


@pytest.fixture(scope="module")
def fleet(tmp_path_factory):
    running = RunningFleet(tmp_path_factory.mktemp("pools"))
    running.start()
    yield running
    running.stop()


def asked(fleet, path, body=None):
    """Return status and answer of a request to the pool manager."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(fleet.url("pool-managerd") + path, data)  # noqa: S310 - our own address
    request.add_header("Authorization", f"Bearer {TOKEN}")
    request.add_header("Content-Type", "application/json")
    try:
        with urllib.request.urlopen(request, timeout=60) as response:  # noqa: S310 - as above
            return response.status, json.loads(response.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


HAIKU = {"model_ref": "haiku", "device": "cpu"}


def test_a_drained_pool_has_no_workers_and_can_be_used_again(fleet):
    status, first = asked(fleet, "/v1/pools/blue/replicas", HAIKU)
    assert (status, first["state"]) == (201, "ready")
    assert asked(fleet, "/v1/pools/green/drain", {})[0] == 404
    status, left = asked(fleet, "/v1/pools/blue/drain", {})
    assert (status, left["replicas"]) == (200, [])
    status, second = asked(fleet, "/v1/pools/blue/replicas", HAIKU)
    assert (status, second["state"]) == (201, "ready")
    assert second["replica_id"] != first["replica_id"]


@pytest.mark.parametrize("name", ["every%20pool", "-", "x" * 65, "a%2Fb"])
def test_what_is_no_name_of_a_pool_is_refused(fleet, name):
    for path, body in (("replicas", HAIKU), ("drain", {})):
        status, answer = asked(fleet, f"/v1/pools/{name}/{path}", body)
        assert (status, answer["code"]) == (400, "INVALID_REQUEST"), answer


def test_an_unknown_model_is_refused_as_its_provisioner_refuses_it(fleet):
    status, answer = asked(fleet, "/v1/pools/blue/replicas", {"model_ref": "ghost", "device": "cpu"})
    assert (status, answer["code"]) == (404, "UNKNOWN_MODEL")


@pytest.mark.skipif(shutil.which("setpriv") is None, reason="the system has no setpriv")
def test_no_worker_is_left_behind_by_a_manager_that_was_killed(tmp_path):
    running = RunningFleet(tmp_path)
    running.start()
    try:
        status, replica = asked(running, "/v1/pools/blue/replicas", HAIKU)
        assert status == 201
        worker = os.pidfd_open(running.pid_of_worker(f"{replica['replica_id']}.1"))
        running.made.services["pool-managerd"].signal(signal.SIGKILL)
        assert select.select([worker], [], [], 60)[0], "the worker lives on"
        os.close(worker)
    finally:
        running.stop()
