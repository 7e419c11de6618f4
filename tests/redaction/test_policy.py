import re

import pytest

from narration_core.redaction import MARKER, RedactionPolicy, Redactor, redact

SECRET = "q7Zk2Xw9" + "Lr4Tn8Vb3Mc6"


@pytest.mark.req("NARR-3006")
def test_rules_off_and_on() -> None:
    assert redact("ann@example.org", RedactionPolicy(off=frozenset({"email"}))) == "ann@example.org"
    assert redact("peer 192.0.2.17") == "peer 192.0.2.17"
    assert redact("peer 192.0.2.17", RedactionPolicy(ips=True)) == "peer [REDACTED]"
    assert redact("peer 192.0.2.17", RedactionPolicy(on=frozenset({"ipv4"}))) == "peer [REDACTED]"
    uuid = "6f1e0d3c-1b2a-4c5d-8e9f-0a1b2c3d4e5f"
    assert redact(uuid) is uuid
    assert redact(uuid, RedactionPolicy(uuids=True)) == MARKER
    assert redact(f"password={SECRET}", RedactionPolicy(off=frozenset({"secret-by-name"}))) == f"password={SECRET}"


def test_allowed_values_stay_and_only_they() -> None:
    policy = RedactionPolicy(allow=frozenset({"ann@example.org"}), allow_patterns=(r"[a-z]+@corp\.example",))
    assert (
        redact("ann@example.org bob@example.org eve@corp.example", policy)
        == "ann@example.org [REDACTED] eve@corp.example"
    )
    # An allowed piece does not exempt the value around it.
    assert redact("password=ann@example.org-and-more", policy) == "password=[REDACTED]"


def test_patterns_of_your_own() -> None:
    policy = RedactionPolicy(patterns={"badge": r"badge (?P<s>\d{6})"}, marker="rule")
    assert (
        redact("badge 204815 seen, password=Sp4rrow", policy)
        == "badge [REDACTED:badge] seen, password=[REDACTED:secret-by-name]"
    )
    clean = "nothing here"
    assert redact(clean, policy) is clean
    assert Redactor(policy).gate(clean)  # nobody knows what they match, so nothing is surely clean


def test_a_pattern_that_takes_too_long_hides_everything() -> None:
    redactor = Redactor(RedactionPolicy(patterns={"slow": r"(a|aa)+$"}, pattern_timeout_s=0.01))
    assert redactor.text("a" * 5000 + "!") == MARKER
    assert redactor.counts["pattern-timeout"] == 1


def test_a_pattern_that_is_none_hides_everything() -> None:
    assert redact("any text", RedactionPolicy(patterns={"broken": "("})) == MARKER


def test_markers() -> None:
    assert redact(f"password={SECRET}", RedactionPolicy(marker="rule")) == "password=[REDACTED:secret-by-name]"
    policy = RedactionPolicy(marker="fingerprint", fingerprint_key=b"0123456789abcdef")
    one = redact(f"password={SECRET}", policy)
    assert re.fullmatch(r"password=\[REDACTED:secret-by-name:[0-9a-f]{8}\]", one)
    assert redact(f"pwd={SECRET}", policy)[-10:] == one[-10:]
    assert redact(f"password={SECRET}x", policy) != one
    other = RedactionPolicy(marker="fingerprint", fingerprint_key=b"another key here")
    assert redact(f"password={SECRET}", other) != one
    assert "0123456789abcdef" not in repr(policy)


def test_mistakes_are_told() -> None:
    with pytest.raises(ValueError, match="unknown marker style"):
        RedactionPolicy(marker="loud")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="fingerprint_key"):
        RedactionPolicy(marker="fingerprint", fingerprint_key=b"short")
    with pytest.raises(TypeError, match="patterns must map a name"):
        RedactionPolicy(patterns=["ORD-[0-9]+"])  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["off", "on", "allow", "allow_patterns", "secret_keys", "safe_keys"])
def test_one_text_is_not_taken_for_a_list_of_letters(name: str) -> None:
    with pytest.raises(TypeError, match=f"{name} must be a set or list of texts, not the one text 'token'"):
        RedactionPolicy(**{name: "token"})


def test_an_internal_error_hides_the_value(monkeypatch: pytest.MonkeyPatch) -> None:
    redactor = Redactor()
    redactor.plan()
    monkeypatch.setattr(redactor, "hits", lambda _: [10**9])
    assert redactor.text("anything") == MARKER
    assert redactor.value({"a": "b"}) == {MARKER: MARKER}
    assert redactor.fields({"a": "b"}) == {MARKER: MARKER}
    assert redactor.counts["internal-error"] > 0
