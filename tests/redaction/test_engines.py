"""Both engines give the same redaction; threads and forks do not disturb them."""

import os
import threading
from collections.abc import Callable
from typing import Any

import pytest

from narration_core.redaction import RedactionPolicy, Redactor
from narration_core.redaction import _engines as engines
from narration_core.redaction._engines import AhoCorasick, Entry, Hyperscan, lower_ascii, make
from narration_core.redaction._rules import catalogue

SECRET = "q7Zk2Xw9" + "Lr4Tn8Vb3Mc6"
FAST = Redactor(RedactionPolicy(engine="hyperscan", marker="rule"))
PORTABLE = Redactor(RedactionPolicy(engine="ahocorasick", marker="rule"))


def test_the_fallback_takes_over_where_the_first_engine_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(_: object) -> None:
        raise ImportError("no wheel")

    assert isinstance(make([Entry(literal="x")]), Hyperscan)
    monkeypatch.setattr(engines, "Hyperscan", missing)
    assert isinstance(make([Entry(literal="x")]), AhoCorasick)


@pytest.mark.parametrize("kind", [Hyperscan, AhoCorasick])
def test_an_engine_tells_which_entries_occur(kind: Callable[[list[Entry]], Any]) -> None:
    engine = kind(
        [
            Entry(literal="token"),
            Entry(shape=r"[0-9]{3}-[0-9]{4}"),
            Entry(shape="key=", caseless=True),
            Entry(literal="пароль"),
        ]
    )
    assert sorted(engine.hits("TOKEN 555-1234 Key= пароль")) == [0, 1, 2, 3]
    assert list(engine.hits("nothing")) == []
    assert sorted(engine.hits("\ud800 token")) == [0]
    assert list(engine.hits("")) == []


def test_the_portable_engine_says_the_same_before_and_after_its_automaton_is_built() -> None:
    engine = AhoCorasick(
        [Entry(literal="token"), Entry(shape=r"[0-9]{3}-[0-9]{4}"), Entry(shape="key=", caseless=True)]
    )
    texts = ("TOKEN 555-1234", "a key=", "KEY= or 12-34", "nothing", "", "token" * 300, "tok en 555-123")
    first = [sorted(engine.hits(text)) for text in texts]
    assert first == [[0, 1], [2], [2], [], [], [0], []]
    for _ in range(20):
        assert [sorted(engine.hits(text)) for text in texts] == first


def test_lower_case_keeps_every_place() -> None:
    for text in ("ABC", "İSTANBUL Password", "ẞ KELVIN K", "\ud800A"):
        assert len(lower_ascii(text)) == len(text)
    assert lower_ascii("İA") == "İa"


def test_same_result_on_every_example() -> None:
    for rule in catalogue():
        for text in (*rule.examples, *rule.counterexamples):
            assert FAST.text(text) == PORTABLE.text(text)


CORPORA = (
    "gitleaks",
    "gitleaks_log",
    "detect_secrets",
    "secretlint",
    "presidio_dev",
    "trufflehog_dev",
    "fp_harm",
    "benign",
)


@pytest.mark.corpora
@pytest.mark.parametrize("name", CORPORA)
def test_same_result_on_every_corpus_row(name: str, corpus: Any) -> None:
    for row in corpus(name):
        assert FAST.text(row["text"]) == PORTABLE.text(row["text"])


def in_threads(count: int, work: Callable[[int], None]) -> list[BaseException]:
    errors: list[BaseException] = []
    start = threading.Barrier(count)

    def run(number: int) -> None:
        start.wait()
        try:
            work(number)
        except BaseException as error:  # noqa: BLE001 - a thread hands its error over
            errors.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not any(thread.is_alive() for thread in threads)
    return errors


@pytest.mark.parametrize("engine", ["hyperscan", "ahocorasick"])
def test_many_threads_share_a_redactor(engine: str) -> None:
    redactor = Redactor(RedactionPolicy(engine=engine))

    def work(number: int) -> None:
        for turn in range(300):
            text = f"{number}/{turn} password={SECRET} " + "and so on " * (turn % 50)
            assert SECRET not in redactor.text(text)
            assert redactor.text(f"worker {number} is fine") == f"worker {number} is fine"

    assert in_threads(12, work) == []
    assert "internal-error" not in redactor.counts


def test_a_scan_inside_a_scan_finds_rather_too_much() -> None:
    engine = Hyperscan([Entry(literal="outer"), Entry(literal="inner")])
    seen: list[list[int]] = []

    class Reentrant(list[int]):
        def append(self, number: int) -> None:
            super().append(number)
            seen.append(engine.hits("inner"))

    found = Reentrant()
    engine.hits("warm up: one scratch for this thread")
    engine._database.scan(b"outer", match_event_handler=engines._note, context=found, scratch=engine._local.scratch)
    assert list(found) == [0]
    assert seen == [[0, 1]]  # the scratch was in use: everything may match


@pytest.mark.fault
def test_a_forked_child_redacts_while_threads_of_the_parent_do() -> None:
    redactor = Redactor(RedactionPolicy(engine="hyperscan"))
    redactor.text("warm up")
    stop = threading.Event()

    def keep_busy() -> None:
        while not stop.is_set():
            redactor.text("token= " * 2000)

    busy = [threading.Thread(target=keep_busy) for _ in (1, 2)]
    for thread in busy:
        thread.start()
    try:
        for _ in range(20):
            child = os.fork()
            if child == 0:
                ok = redactor.text(f"password={SECRET}") == "password=[REDACTED]" and not redactor.gate("all is well")
                os._exit(0 if ok else 1)
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    finally:
        stop.set()
        for thread in busy:
            thread.join()
