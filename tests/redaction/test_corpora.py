"""The figures that redaction must reach, on third-party corpora that stay outside the repository."""

from typing import Any

import pytest

from benchmarks.redaction import kept_words, revived, survives
from narration_core.redaction import Redactor

pytestmark = pytest.mark.corpora


def recall(rows: list[dict[str, Any]]) -> float:
    redactor = Redactor()
    kept = sum(survives(row["secret"], redactor.text(row["text"])) for row in rows)
    assert "internal-error" not in redactor.counts
    return 100 * (1 - kept / len(rows))


GATES = (
    ("gitleaks", {"unique"}, None, 99.0),
    ("gitleaks", {"contextual"}, None, 93.0),
    ("gitleaks_log", {"unique", "contextual"}, None, 98.0),
    ("secretlint", {"unique", "contextual"}, None, 92.0),
    ("detect_secrets", {"unique", "contextual"}, None, 80.0),
    ("trufflehog_dev", {None}, None, 88.0),
    ("presidio_dev", {"pii"}, {"email", "credit_card", "iban", "us_ssn", "us_itin"}, 99.0),
    ("presidio_dev", {"pii"}, {"phone"}, 97.0),
)


@pytest.mark.parametrize(
    ("name", "tiers", "rules", "least"), GATES, ids=lambda value: str(value) if isinstance(value, str) else None
)
def test_recall(name: str, tiers: set[str | None], rules: set[str] | None, least: float, corpus: Any) -> None:
    rows = [
        row
        for row in corpus(name)
        if row["kind"] == "tp" and row.get("tier") in tiers and (rules is None or row["rule"] in rules)
    ]
    assert recall(rows) >= least


@pytest.mark.parametrize(("name", "least"), [("benign", 99.5), ("fp_harm", 96.0)])
def test_what_is_no_secret_stays(name: str, least: float, corpus: Any) -> None:
    rows, redactor = corpus(name), Redactor()
    assert 100 * sum(redactor.text(row["text"]) is row["text"] for row in rows) / len(rows) >= least


def test_structured_events(corpus: Any) -> None:
    redactor = Redactor()
    for row in corpus("structured"):
        event = revived(row["event"])
        hidden = redactor.value(event)
        assert not any(survives(secret, str(hidden)) for secret in row["secrets"]), row["rule"]
        if not row["secrets"]:
            assert hidden is event


def test_other_words_stay(corpus: Any) -> None:
    redactor = Redactor()
    rows = [
        row
        for name in ("gitleaks", "gitleaks_log", "trufflehog_dev", "secretlint", "presidio_dev")
        for row in corpus(name)
        if row["kind"] == "tp"
    ]
    told = [(row, redactor.text(row["text"])) for row in rows]
    shares = [
        kept_words(row["text"], row["secret"], hidden) for row, hidden in told if not survives(row["secret"], hidden)
    ]
    known = [share for share in shares if share is not None]
    assert 100 * sum(known) / len(known) >= 99
