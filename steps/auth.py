"""Steps about who may call a worker."""

import hmac

import pytest
from pytest_bdd import then, when

from narration_worker.config import BUNDLED, Settings
from narration_worker.errors import WorkerError
from narration_worker.http.auth import authenticate


@when("a wrong token of the same length is checked", target_fixture="compared")
def checks_token(monkeypatch: pytest.MonkeyPatch) -> list[tuple[bytes, bytes]]:
    compared = []
    original = hmac.compare_digest

    def watched(one: bytes, other: bytes) -> bool:
        compared.append((one, other))
        return original(one, other)

    monkeypatch.setattr(hmac, "compare_digest", watched)
    settings = Settings(model=BUNDLED, worker_id="00000000-0000-4000-8000-000000000000", token="made-up-token")  # noqa: S106 - made up
    with pytest.raises(WorkerError) as refused:
        authenticate(settings, {"Authorization": "Bearer made-up-tokem"}, "127.0.0.1")
    assert refused.value.code == "BAD_TOKEN"
    return compared


@then("the standard library's constant-time comparison decided")
def constant_time(compared: list[tuple[bytes, bytes]]) -> None:
    assert [sorted(pair) for pair in compared] == [[b"made-up-tokem", b"made-up-token"]]
