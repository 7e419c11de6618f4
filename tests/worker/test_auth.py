"""Who may call: address, token, AUTH_OPTIONAL and TRUST_PROXY_AUTH against each other."""

import hashlib
import itertools
from pathlib import Path

import pytest
from multidict import CIMultiDict

from narration_worker.config import ConfigError, Settings
from narration_worker.errors import WorkerError
from narration_worker.http.auth import authenticate

TOKEN = "a-made-up-token-of-a-test"
OTHER = "another-made-up-token"
NEAR, FAR = "127.0.0.1", "192.0.2.7"
ID = "5e0f4a3c-0000-4000-8000-000000000001"


def settings(token=TOKEN, **more):
    return Settings(Path("model.gguf"), ID, token=token, **more)


def name_of(token):
    return f"token:{hashlib.sha256(token.encode()).hexdigest()[:6]}"


def ask(policy, remote, token=None, **headers):
    sent = CIMultiDict({name.replace("_", "-"): value for name, value in headers.items()})
    if token is not None:
        sent["Authorization"] = f"Bearer {token}"
    try:
        return authenticate(policy, sent, remote)
    except WorkerError as error:
        return error.code


def expected(*, configured, optional, proxy, remote, sent):
    """Say what the contract says, in its own order."""
    if not configured:
        return "localhost"
    if sent is None:
        return "localhost" if optional and remote == NEAR else "MISSING_TOKEN"
    return name_of(sent) if sent == TOKEN or proxy else "BAD_TOKEN"


@pytest.mark.req("AUTH-1001", "AUTH-1004", "AUTH-1006")
@pytest.mark.parametrize(
    ("configured", "optional", "proxy", "remote", "sent"),
    list(itertools.product((True, False), (True, False), (True, False), (NEAR, FAR), (None, TOKEN, OTHER))),
)
def test_the_matrix(configured, optional, proxy, remote, sent):
    policy = settings(TOKEN if configured else None, auth_optional=optional, trust_proxy=proxy)
    answer = ask(policy, remote, sent)
    assert answer == expected(configured=configured, optional=optional, proxy=proxy, remote=remote, sent=sent)


@pytest.mark.req("AUTH-1004")
@pytest.mark.parametrize(
    "header",
    [
        *(
            "X_Forwarded_For",
            "Forwarded",
            "X_Real_IP",
            "Via",
            "CF_Ray",
            "CDN_Loop",
            "Fastly_Client_IP",
            "X_ARR_ClientCert",
        ),
        *(
            "X_Azure_ClientIP",
            "X_AppEngine_Country",
            "X_Cluster_Client_IP",
            "Tailscale_User_Login",
            "CloudFront_Viewer",
        ),
    ],
)
def test_a_caller_behind_a_proxy_on_this_machine_is_not_local(header):
    assert ask(settings(auth_optional=True), NEAR, **{header: "192.0.2.7"}) == "MISSING_TOKEN"


@pytest.mark.parametrize("header", ["Basic dXNlcjpwYXNz", "nonsense", ""])
def test_an_authorization_that_is_no_bearer_token_is_no_token(header):
    assert ask(settings(), NEAR, Authorization=header) == "MISSING_TOKEN"


@pytest.mark.req("AUTH-1006")
def test_an_empty_token_is_no_token_even_from_a_trusted_proxy():
    assert ask(settings(trust_proxy=True), FAR, "") in {"MISSING_TOKEN", "BAD_TOKEN"}


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_the_scheme_is_compared_without_case_and_the_token_with(scheme):
    assert ask(settings(), FAR, Authorization=f"{scheme} {TOKEN}") == name_of(TOKEN)
    assert ask(settings(), FAR, Authorization=f"{scheme} {TOKEN.upper()}") == "BAD_TOKEN"


@pytest.mark.req("AUTH-1001")
def test_a_token_that_is_no_utf8_is_refused_and_nothing_breaks():
    assert ask(settings(), FAR, "\udce9") == "BAD_TOKEN"


@pytest.mark.req("AUTH-1008")
def test_a_token_is_named_by_six_digits_of_its_digest():
    name = ask(settings(), FAR, TOKEN)
    assert name == name_of(TOKEN)
    assert TOKEN not in name


@pytest.mark.req("AUTH-1002")
@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.7", "::", "worker.example", ""])
def test_other_machines_need_a_token(host):
    with pytest.raises(ConfigError, match="token"):
        settings(None, host=host).check()
    settings(TOKEN, host=host).check()


@pytest.mark.req("AUTH-1002")
@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "localhost", "::1"])
def test_loopback_needs_none(host):
    settings(None, host=host).check()


@pytest.mark.req("AUTH-1004")
@pytest.mark.parametrize("address", [None, "", "127.0.0.1.example", "128.0.0.1", "::2", "::ffff:192.0.2.7"])
def test_what_only_looks_like_loopback_is_not(address):
    assert ask(settings(auth_optional=True), address) == "MISSING_TOKEN"
