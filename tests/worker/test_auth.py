"""Who may ask: address, token, AUTH_OPTIONAL and TRUST_PROXY_AUTH against each other."""

import hashlib
import itertools

import pytest
from multidict import CIMultiDict

from worker.auth import AuthPolicy, bind_fault, fingerprint, identify, is_loopback
from worker.errors import WorkerError

TOKEN = "a-made-up-token-of-a-test"
OTHER = "another-made-up-token"
NEAR, FAR = "127.0.0.1", "192.0.2.7"


def ask(policy, remote, token=None, **more):
    headers = CIMultiDict(more)
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    try:
        return identify(policy, headers, remote)
    except WorkerError as why:
        return why.code


def expected(*, configured, optional, proxy, remote, sent):
    """Say what the contract says, in its own order."""
    if not configured:
        return "localhost"
    if sent is None:
        return "localhost" if optional and remote == NEAR else "MISSING_TOKEN"
    return fingerprint(sent) if sent == TOKEN or proxy else "BAD_TOKEN"


@pytest.mark.req("AUTH-1001", "AUTH-1004", "AUTH-1006")
@pytest.mark.parametrize(
    ("configured", "optional", "proxy", "remote", "sent"),
    list(itertools.product((True, False), (True, False), (True, False), (NEAR, FAR), (None, TOKEN, OTHER))),
)
def test_the_matrix(configured, optional, proxy, remote, sent):
    policy = AuthPolicy(TOKEN if configured else None, optional, proxy)
    answer = ask(policy, remote, sent)
    assert answer == expected(configured=configured, optional=optional, proxy=proxy, remote=remote, sent=sent)


@pytest.mark.req("AUTH-1004")
@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "X-Real-IP"])
def test_a_caller_behind_a_proxy_on_this_machine_is_not_local(header):
    policy = AuthPolicy(TOKEN, optional=True)
    assert ask(policy, NEAR, **{header: "for=192.0.2.7"}) == "MISSING_TOKEN"


@pytest.mark.parametrize("header", ["Basic dXNlcjpwYXNz", "Bearer", "Bearer  ", "nonsense", ""])
def test_an_authorization_without_a_bearer_token_is_no_token_even_where_none_is_needed(header):
    policy = AuthPolicy(TOKEN, optional=True, trust_proxy=True)
    assert ask(policy, NEAR, Authorization=header) == "MISSING_TOKEN"


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_the_scheme_is_compared_without_case_and_the_token_with(scheme):
    policy = AuthPolicy(TOKEN)
    assert ask(policy, FAR, Authorization=f"{scheme} {TOKEN}") == fingerprint(TOKEN)
    assert ask(policy, FAR, Authorization=f"{scheme} {TOKEN.upper()}") == "BAD_TOKEN"


def test_a_token_that_is_no_utf8_is_refused_and_nothing_breaks():
    assert ask(AuthPolicy(TOKEN), FAR, "\udce9\u00e9") == "BAD_TOKEN"


@pytest.mark.req("AUTH-1008")
def test_a_token_is_named_by_six_digits_of_its_digest():
    name = ask(AuthPolicy(TOKEN), FAR, TOKEN)
    assert name == f"token:{hashlib.sha256(TOKEN.encode()).hexdigest()[:6]}"
    assert TOKEN not in name


@pytest.mark.req("AUTH-1002")
@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.7", "::", "worker.example", ""])
def test_other_machines_need_a_token(host):
    assert "token" in bind_fault(AuthPolicy(), host)
    assert bind_fault(AuthPolicy(TOKEN), host) is None


@pytest.mark.req("AUTH-1002")
@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.9.9.9", "localhost", "LOCALHOST", "::1", "[::1]", "::ffff:127.0.0.1"]
)
def test_loopback_needs_none(host):
    assert is_loopback(host)
    assert bind_fault(AuthPolicy(), host) is None


@pytest.mark.parametrize(
    "address", [None, "", "127.0.0.1.example", "128.0.0.1", "::2", "localhost.example", "::ffff:192.0.2.7"]
)
def test_what_only_looks_like_loopback_is_not(address):
    assert not is_loopback(address)
