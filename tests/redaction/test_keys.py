# ruff: noqa: E501 - tables
"""Keys decide before values."""

import pytest

from narration_core._event import FIELDS
from narration_core.redaction import RedactionPolicy, Redactor
from narration_core.redaction._secret_names import Verdict, judge, words

SECRET = (
    "password passwd Password userPassword DB_PASSWORD db.password my-password pwd passphrase secret client_secret clientSecret "
    "AWS_SECRET_ACCESS_KEY apiKey api_key api-key X-Api-Key x_api_key apikey accessToken access_token refresh_token id_token "
    "authToken token bearerToken githubToken csrf_token Authorization Proxy-Authorization Cookie Set-Cookie private_key "
    "privateKey encryption_key signing_key credentials credential otp pin cvv ssn PGPASSWORD dbPass session_token"
).split()
OPEN = (
    "max_tokens token_count tokens tokens_in tokens_out prompt_tokens total_tokens completion_tokens token_type token_limit "
    "token_url token_expiry next_token eos_token public_key primary_key foreign_key sort_key partition_key cache_key routing_key "
    "session_id session_count session_timeout secret_name secret_version password_policy password_reset_enabled password_hint "
    "api_key_id key_id keyboard monkey secretary author authors authored_at authentication_method passed compass passenger bypass "
    "pwd_dir tokenizer tokenized key keys public_key_path cookie_count cookies_enabled pinned opinion spin identity username"
).split()


@pytest.mark.parametrize("key", SECRET)
def test_names_of_secrets(key: str) -> None:
    assert Redactor().key_is_secret(key)


@pytest.mark.parametrize("key", OPEN)
def test_names_that_only_talk_about_secrets(key: str) -> None:
    assert not Redactor().key_is_secret(key)


@pytest.mark.parametrize("key", FIELDS)
def test_the_events_own_fields_are_safe(key: str) -> None:
    assert judge(key) is Verdict.SAFE


@pytest.mark.parametrize("key", SECRET)
@pytest.mark.parametrize("written", ['{{"{0}":"x"}}', '{{\\"{0}\\": 1}}', "{0}=x", "{{'{0}': 'x'}}", "{0}: x"])
def test_the_gate_sees_every_secret_name_in_text(key: str, written: str) -> None:
    assert Redactor().gate(written.format(key))


def test_the_policy_adds_and_takes_names() -> None:
    redactor = Redactor(RedactionPolicy(secret_keys=frozenset({"Badge"}), safe_keys=frozenset({"token"})))
    assert redactor.key_is_secret("badge")
    assert not redactor.key_is_secret("token")
    assert redactor.value({"badge": "b-17", "token": "plain"}) == {"badge": "[REDACTED]", "token": "plain"}


def test_words_of_a_name() -> None:
    assert words("AWSSecretKey2") == ["aws", "secret", "key"]
    assert words("x-api_key.id") == ["x", "api", "key", "id"]


def test_verdicts_are_kept_but_bounded() -> None:
    redactor = Redactor()
    for number in range(20_000):
        redactor.verdict(f"name{number}")
        redactor.fields({f"name{number}": 1})
    assert len(redactor._finder()._verdicts.found) < 10_000
    assert len(redactor.clean_keys) < 10_000
