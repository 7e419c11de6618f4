"""The fastest engine without the wait for it: the portable one answers meanwhile, in the same way."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from narration_core.redaction import RedactionPolicy, Redactor, _warming
from narration_core.redaction._engines import AhoCorasick, Entry
from narration_core.redaction._warming import WarmingEngine

TEXTS = ("Started 3 workers", "password=hunter2X9", "Token ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8", "\ud800 x")


def never_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_warming, "DELAY_S", 3600.0)


def test_the_portable_engine_answers_until_the_fastest_is_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("hyperscan", reason="there is no faster engine")
    never_by_itself(monkeypatch)
    redactor = Redactor(RedactionPolicy(secret_keys=frozenset({"warming_test_key"})))
    assert redactor.text(TEXTS[0]) == TEXTS[0]
    portable = redactor.hits
    assert portable.__self__.__class__ is AhoCorasick  # type: ignore[attr-defined]
    before = [redactor.text(text) for text in TEXTS]
    redactor.warm_up()
    assert redactor.hits is not portable
    assert [redactor.text(text) for text in TEXTS] == before
    assert Redactor(redactor.policy).text(TEXTS[1]) == "password=[REDACTED]"


def test_a_redactor_that_comes_later_has_the_fastest_engine_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("hyperscan", reason="there is no faster engine")
    never_by_itself(monkeypatch)
    engine = WarmingEngine([Entry(literal="x")])
    engine.warm_up()
    redactor = Redactor()
    engine.follow(redactor._use)
    assert redactor.hits is engine.hits
    assert not engine._users
    assert engine.hits("an x") == [0]


def test_it_compiles_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("hyperscan", reason="there is no faster engine")
    monkeypatch.setattr(_warming, "DELAY_S", 0.0)
    engine = WarmingEngine([Entry(literal="x")])
    assert engine._at_work.acquire(timeout=60)
    assert not isinstance(getattr(engine.hits, "__self__", None), AhoCorasick)


def test_without_the_fastest_engine_the_portable_one_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(_: object) -> None:
        raise ImportError("no wheel")

    never_by_itself(monkeypatch)
    monkeypatch.setattr(_warming, "Hyperscan", missing)
    engine = WarmingEngine([Entry(literal="x")])
    before = engine.hits
    engine.warm_up()
    assert engine.hits == before
    assert engine.hits("an x") == [0]


PROGRAM = """
import os, sys
from narration_core.redaction import Redactor, _warming
_warming.DELAY_S = 0.0
redactor = Redactor()
redactor.plan()
if sys.argv[1] == "fork":
    child = os.fork()
    if not child:
        redactor.warm_up()
        os._exit(redactor.text("password=hunter2X9") != "password=[REDACTED]")
    assert os.waitpid(child, 0)[1] == 0
"""


@pytest.mark.fault
@pytest.mark.parametrize("ending", ["exit", "fork"])
def test_a_process_may_end_or_fork_while_it_compiles(ending: str) -> None:
    for _ in range(3):
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, ending],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            env={**os.environ},
        )
        assert (done.returncode, done.stderr) == (0, "")


LEAVES = """
import atexit, sys, threading
begun = threading.Event()
sys.addaudithook(lambda event, told: begun.set() if event == "import" and told[0] == "hyperscan" else None)
last = []
atexit.register(lambda: print("engine at work:", last[0]._at_work.locked()))  # the first one is the last to run
from narration_core.cli import start
from narration_core.redaction import Redactor, _warming
_warming.DELAY_S = 0.0
Redactor().plan()
last.extend(_warming._engines)
begun.wait()
sys.argv[0] = "narration"
atexit.register(lambda: sys.stdout.write("the exit began\\n"))
start()
"""


@pytest.mark.fault
@pytest.mark.parametrize(("command", "code"), [("taxonomy", 0), ("nonsense", 2)])
def test_the_program_ends_without_the_wait_for_what_it_compiles(tmp_path: Path, command: str, code: int) -> None:
    pytest.importorskip("hyperscan", reason="there is no faster engine")
    done = subprocess.run(
        [sys.executable, "-c", LEAVES, command],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, "NARRATION_CACHE": str(tmp_path / "empty")},
    )
    assert done.returncode == code, done.stderr
    assert done.stdout.endswith("the exit began\nengine at work: True\n")
    assert ("No such command" in done.stderr) == (code == 2)


BESIDE_GREENLETS = """
from gevent import monkey
monkey.patch_all()
import gevent
from narration_core.redaction._engines import Entry
from narration_core.redaction import _warming
_warming.DELAY_S = 0.0
thread = monkey.get_original("_thread", "get_ident")
class Ready:
    on = []
    def note(self, hits):
        self.on.append(thread())
ready = Ready()
engine = _warming.WarmingEngine([Entry(literal="x")])
engine.follow(ready.note)
while len(ready.on) < 2:
    gevent.sleep(0.001)
assert ready.on[0] == thread()
assert ready.on[1] != thread(), "compiled where the greenlets run"
"""


def test_greenlets_go_on_while_it_compiles() -> None:
    pytest.importorskip("hyperscan", reason="there is no faster engine")
    done = subprocess.run(
        [sys.executable, "-c", BESIDE_GREENLETS], capture_output=True, text=True, timeout=120, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


BEFORE_GREENLETS = """
import sys
from narration_core import Narrator
from narration_core.redaction import _warming
_warming.DELAY_S = float(sys.argv[1])
Narrator("service")("start", "it", "Starting")
engine = next(iter(_warming._engines))
from gevent import monkey
monkey.patch_all()
import gevent
if sys.argv[2] == "to the end":
    while engine._at_work.locked():
        gevent.sleep(0.001)
"""


@pytest.mark.parametrize(("delay_s", "lives"), [("0", "no longer"), ("3600", "no longer"), ("0.1", "to the end")])
def test_gevent_may_patch_threads_after_it_began(delay_s: str, lives: str) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", BEFORE_GREENLETS, delay_s, lives],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


IMPORTED_BEFORE_GREENLETS = """
import narration_core._narrator
from gevent import monkey
monkey.patch_all()
import gevent
from narration_core import Narrator
narrate = Narrator("service")
greenlets = [gevent.spawn(narrate, "serve", "it", f"Serving number {number}") for number in range(3)]
gevent.joinall(greenlets, raise_error=True)
from narration_core.redaction import _warming
assert not type(next(iter(_warming._engines))._at_work).__module__.startswith("gevent"), "a greenlet on a true thread"
gevent.sleep(0.01)
"""


@pytest.mark.fault
@pytest.mark.req("DEL-01")
def test_gevent_may_patch_threads_between_the_import_and_the_first_event() -> None:
    # As gunicorn does: its configuration imports narration, and each worker patches itself.
    for _ in range(3):
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", IMPORTED_BEFORE_GREENLETS],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, "")
