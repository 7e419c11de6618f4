"""A secret in every request that the fleet takes is told nowhere."""

import json
import urllib.error
import urllib.request

import pytest

from fleet.starting import HUB, SERVICES
from support.fleet import TOKEN, RunningFleet

SECRET = "Xk92-made-up-PASSPHRASE-of-a-user"
KEY = "AKIA" + "QWERTYUIOPASDFGH"  # in two parts: it is no key

# (service, method, path, body); each is refused or answered, and each holds the secret wherever a caller can put one.
REQUESTS = (
    ("orchestratord", "POST", "/v1/tasks", {"prompt": f"password={SECRET} {KEY}", "device": "cpu"}),
    ("orchestratord", "POST", "/v1/tasks", {"prompt": "x", "password": SECRET, "model_ref": f"token={SECRET}"}),
    ("orchestratord", "GET", f"/v1/tasks/no-such-task?api_key={SECRET}", None),
    ("pool-managerd", "POST", f"/v1/pools/cpu/replicas?token={KEY}", {"model_ref": "haiku", "secret": SECRET}),
    ("pool-managerd", "POST", f"/v1/replicas/cpu-9/ready?password={SECRET}", {"password": SECRET}),
    ("engine-provisioner", "POST", f"/v1/engines?password={SECRET}", {"device": f"password={SECRET}"}),
    ("model-provisioner", "GET", f"/v1/models?access_token={SECRET}", None),
    ("model-provisioner", "POST", f"/v1/models/password={SECRET}/stage", {"password": SECRET}),
    ("model-provisioner", "GET", f"/v1/models/{KEY}", None),
)
HEADERS = {"X-Api-Key": SECRET, "Cookie": f"session={SECRET}", "Content-Type": "application/json"}


@pytest.fixture(scope="module")
def fleet(tmp_path_factory):
    running = RunningFleet(tmp_path_factory.mktemp("secrets"))
    running.start()
    yield running
    running.stop()


def sent(url, method, body, token):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {**HEADERS, "Authorization": f"Bearer {token}"}, method=method)  # noqa: S310 - our own address
    try:
        with urllib.request.urlopen(request, timeout=60) as response:  # noqa: S310 - as above
            return response.status, response.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


@pytest.mark.req("FLEET-02")
@pytest.mark.req("ORCH-3302")
def test_a_secret_in_every_request_is_told_nowhere(fleet):
    assert {service for service, *_ in REQUESTS} == set(SERVICES)
    correlation_ids = set()
    for service, method, path, body in REQUESTS:
        refused, _ = sent(fleet.url(service) + path, method, body, SECRET)  # as its token, too
        assert refused == 401
        status, answer = sent(fleet.url(service) + path, method, body, TOKEN)
        assert status < 500, (service, path, answer)
        if status == 202:
            correlation_ids.add(json.loads(answer)["correlation_id"])
    (correlation_id,) = correlation_ids
    fleet.wait_for_event(correlation_id, actor="orchestratord", action="finish")
    told = b"\n".join(fleet.lines())
    assert b"Serving POST /v1/engines" in told
    status, kept = sent(f"{fleet.url(HUB)}/v1/stories/{correlation_id}", "GET", None, TOKEN)
    assert (status, b"orchestratord" in kept) == (200, True)
    for piece in (SECRET[:16], SECRET[-16:], KEY[4:]):
        assert piece.encode() not in told
        assert piece.encode() not in kept
