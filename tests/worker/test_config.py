"""Settings: what is accepted, and what is refused before anything starts."""

import contextlib
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from narration_core.serving.addresses import bind_address, check_url, url_host
from narration_worker.cli import command
from narration_worker.config import BUNDLED, ConfigError, Settings, from_environment
from narration_worker.config_schema import schema


@pytest.mark.req("M0-W-1100")
@pytest.mark.parametrize(
    ("value", "host", "port"),
    [
        ("127.0.0.1", "127.0.0.1", None),
        ("0.0.0.0:8080", "0.0.0.0", 8080),
        (" 127.0.0.1:0 ", "127.0.0.1", 0),
        ("localhost", "localhost", None),
        ("worker.internal:80", "worker.internal", 80),
        ("::1", "::1", None),
        ("[::1]:8080", "::1", 8080),
        ("[::]", "::", None),
    ],
)
def test_an_address_may_have_a_port(value, host, port):
    assert bind_address(value) == (host, port)


@pytest.mark.parametrize(
    "value", ["", ":8080", "a:b", "a:99999", "http://a", "a b", "u@a:1", "a/b", "[::1", "127.0.0.1:", "[::1]:"]
)
def test_what_is_no_address_is_refused(value):
    with pytest.raises(ConfigError, match="host:port"):
        bind_address(value)


@pytest.mark.req("M0-W-1100")
@pytest.mark.parametrize("worker_id", ["worker-gpu0-r1", "a", "A.b_c:d-9", "x" * 256])
def test_any_id_of_the_allowed_form_is_accepted(worker_id):
    Settings(Path("m.gguf"), worker_id, pool_id=worker_id, replica_id=worker_id).check()


@pytest.mark.parametrize("worker_id", ["", "a b", "a/b", "a\n", "x" * 257, "é"])
@pytest.mark.parametrize("name", ["worker_id", "pool_id", "replica_id"])
def test_other_ids_are_refused(name, worker_id):
    with pytest.raises(ConfigError, match=name.replace("_", "-")):
        Settings(Path("m.gguf"), **{"worker_id": "w", name: worker_id}).check()


@pytest.mark.parametrize(
    "url",
    [
        "http://a",
        "https://a.example:8443/x?y=1",
        "http://[::1]:80/x",
        "http://[fe80::1%eth0]/",
        "http://u:p@a/x",
        "http://a_b.example./",
        "http://bücher.example/",
        f"http://{'a' * 63}.example/",
    ],
)
def test_possible_urls_are_accepted(url):
    check_url("--callback-url", url)


@pytest.mark.parametrize(
    "url",
    [
        *("", "not a url", "ftp://a/x", "http://", "http://a:99999", "http://a:0", "http://a b/", "http://a\n", "//a"),
        *("http://a..b/", "http://.a/", "http://%zz/", f"http://{'a' * 64}.example/", f"http://{'a.' * 127}b/"),
    ],
)
def test_impossible_urls_are_refused_without_repeating_them(url):
    with pytest.raises(ConfigError, match="--callback-url is not a possible URL") as refused:
        check_url("--callback-url", url)
    assert len(url) < 8 or url not in str(refused.value)


@pytest.mark.req("AUTH-1001")
def test_a_token_is_stripped_and_an_unusable_one_is_refused():
    assert from_environment({"AUTH_TOKEN": " made-up\n"})["token"] == "made-up"
    assert from_environment({"AUTH_TOKEN": ""})["token"] is None
    for value in ("   ", "two words", "tok\x00en", "schlüssel"):
        with pytest.raises(ConfigError, match="AUTH_TOKEN") as refused:
            from_environment({"AUTH_TOKEN": value})
        assert value.strip() not in str(refused.value) or not value.strip()


@pytest.mark.req("AUTH-1001")
@pytest.mark.parametrize(("name", "setting"), [("AUTH_OPTIONAL", "auth_optional"), ("TRUST_PROXY_AUTH", "trust_proxy")])
def test_what_is_neither_on_nor_off_is_refused(name, setting):
    for value, on in (
        ("true", True),
        (" Yes\n", True),
        ("1", True),
        ("", False),
        ("False", False),
        ("0", False),
        ("off", False),
    ):
        assert from_environment({name: value})[setting] is on
    for value in ("ture", "made-up-token", "2"):
        with pytest.raises(ConfigError, match=f"{name} is neither on nor off") as refused:
            from_environment({name: value})
        assert value not in str(refused.value)


def test_an_ipv6_address_has_brackets_in_a_url():
    assert [url_host("::1"), url_host("127.0.0.1")] == ["[::1]", "127.0.0.1"]


@pytest.mark.parametrize("value", ["nan", "inf", "-inf", "-1", "soon"])
@pytest.mark.parametrize("option", ["--inference-timeout-sec", "--shutdown-timeout-sec", "--resume-grace-sec"])
def test_time_options_take_finite_numbers_only(option, value):
    from click.testing import CliRunner

    from narration_worker.cli import command

    done = CliRunner().invoke(command, ["--model", "bundled", "--device", "cpu", option, value])
    assert done.exit_code == 2
    assert option in done.output
    assert "a valid seconds" not in done.output


@pytest.mark.req("M0-W-1100")
def test_the_schema_names_every_option_with_examples():
    done = subprocess.run(
        [sys.executable, "-m", "narration_worker", "--schema"], capture_output=True, text=True, check=True
    )
    schema = json.loads(done.stdout)
    assert schema["required"] == ["model"]
    assert {"threads", "worker-id", "resume-grace-sec", "AUTH_TOKEN", "BIND_ADDR"} <= set(schema["properties"])
    for name, shape in schema["properties"].items():
        assert shape["description"], name
        assert shape["x-examples"], name
        if "pattern" in shape:
            assert all(re.search(shape["pattern"], example) for example in shape["x-examples"]), name


@pytest.mark.req("M0-W-1100")
@pytest.mark.parametrize(
    ("name", "value", "fits"),
    [
        ("worker-id", "worker-gpu0-r1", True),
        ("worker-id", "x" * 256, True),
        ("worker-id", "x" * 257, False),
        ("pool-id", "a b", False),
        ("replica-id", "r1\n", False),
        ("pool-id", "", False),
        ("hub", "hub.internal:7380", False),
        ("callback-url", "ftp://a", False),
        ("AUTH_TOKEN", "from-a-file\n", True),
        ("AUTH_TOKEN", "two words", False),
    ],
)
def test_the_schema_refuses_what_the_worker_refuses(name, value, fits):
    properties = json.loads(schema(command))["properties"]
    assert bool(re.search(properties[name]["pattern"], value)) == fits
    field = name.replace("-", "_")
    with contextlib.nullcontext() if fits else pytest.raises(ConfigError):
        if name == "AUTH_TOKEN":
            from_environment({name: value})
        else:
            Settings(**{"model": BUNDLED, "worker_id": "w", field: value}).check()


@pytest.mark.req("SSE-10", "M0-W-1100")
def test_events_are_collected_only_on_request_and_never_for_long():
    option = next(option for option in command.params if option.name == "sse_micro_batch_ms")
    assert option.default == 0
    assert (option.type.min, option.type.max) == (0, 50)
