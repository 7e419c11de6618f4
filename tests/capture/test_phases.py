"""What a test narrates in each of its phases: captured, shown with that test, and checked."""

import pytest

pytestmark = pytest.mark.req("PLUG-02")

NARRATING = """
from narration_core import Narrator
narrate = Narrator("shop")
"""


@pytest.fixture
def plain(project):
    """A project without features."""
    project.unset("narration_features")

    def run(text, *arguments):
        project.write("test_shop.py", NARRATING + text)
        return project.pytester.runpytest_subprocess(
            "-p", "no:hypothesispytest", "test_shop.py", *arguments, timeout=120
        )

    return run


def test_a_failing_plain_test_shows_its_story_and_its_own_lines(plain):
    result = plain("""
def test_a(narration):
    narrate("add", "apple", "Adding {target}")
    assert 0
""")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "*Captured stdout call*",
            '{"emitted_at_ms":*"human":"Adding apple"*',
            "* Narration *",
            "   1 shop | add | apple | -",
        ]
    )


def test_lines_never_stand_between_the_dots(plain):
    result = plain(
        """
import pytest

@pytest.fixture(scope="module", autouse=True)
def shop():
    narrate("open", "shop", "Opening the shop")
    yield
    narrate("close", "shop", "Closing the shop")

@pytest.mark.parametrize("number", range(5))
def test_a(number):
    narrate("add", "apple", "Adding {target}")
    assert number % 2
""",
        "--tb=no",
        "-rN",
        "--show-capture=no",
    )
    result.assert_outcomes(failed=3, passed=2)
    result.stdout.fnmatch_lines(["test_shop.py F.F.F*"])
    result.stdout.no_fnmatch_line('*"emitted_at_ms"*')


BETWEEN_PHASES = """
import threading
import pytest

asked, done = threading.Semaphore(0), threading.Semaphore(0)

def work():
    while True:
        asked.acquire()
        narrate("serve", "customer", "Serving a customer in the background")
        done.release()

threading.Thread(target=work, daemon=True).start()

@pytest.hookimpl(tryfirst=True)
def pytest_runtest_logreport(report):
    asked.release()
    assert done.acquire(timeout=30)
"""


def test_lines_of_another_thread_never_stand_between_the_dots_and_none_is_lost(project, plain):
    project.write("conftest.py", NARRATING + BETWEEN_PHASES)
    result = plain("def test_a(): pass\ndef test_b(): assert 0\n", "-rP")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["test_shop.py .F*"])
    told = [number for number, line in enumerate(result.outlines) if "in the background" in line]
    assert len(told) == 2 * 3  # after each phase of each test, shown with the next one
    assert told[-1] > next(number for number, line in enumerate(result.outlines) if "1 failed, 1 passed" in line)


def test_without_captured_output_lines_are_written_at_once(project, plain):
    project.write("conftest.py", NARRATING + BETWEEN_PHASES)
    result = plain("def test_a(): pass\n", "-s")
    told = [number for number, line in enumerate(result.outlines) if "in the background" in line]
    assert len(told) == 3
    assert told[-1] < next(number for number, line in enumerate(result.outlines) if "1 passed" in line)


@pytest.mark.parametrize("where", ["before", "after"])
def test_an_error_in_teardown_is_checked_whichever_fixture_narrates_it(plain, where):
    order = "narration, shop" if where == "after" else "shop, narration"
    result = plain(f"""
import pytest

@pytest.fixture
def shop():
    yield
    narrate.error("close", "shop", "The shop cannot close", error_kind="stuck")

def test_a({order}):
    pass

def test_b(narration):
    assert narration.events == narration.orphans == []
""")
    result.assert_outcomes(passed=2, errors=1)
    result.stdout.fnmatch_lines(["the test narrated an error that no assertion names:"])


def test_system_exit_in_a_step_is_reported(project):
    project.steps("""
        @when("the shop exits")
        def exits():
            raise SystemExit(3)
    """)
    project.feature("""
        Feature: Pools
          Scenario: An engine is spawned
            Given a pool
            When the shop exits
            Then the narration includes "Spawning engine llama"
    """)
    result = project.run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "  passed  Given a pool",
            "  failed  When the shop exits",
            "  skipped Then *",
            "  the step ended with SystemExit: 3",
        ]
    )


def test_an_isolated_asyncio_test_case_captures_its_events(plain):
    result = plain("""
import unittest, pytest

class T(unittest.IsolatedAsyncioTestCase):
    @pytest.fixture(autouse=True)
    def use(self, narration):
        self.narration = narration

    async def test_a(self):
        narrate("add", "apple", "Adding {target}")
        self.narration.assert_event(target="apple")
        self.narration.assert_no_orphans()
""")
    result.assert_outcomes(passed=1)


def test_the_message_says_where_the_events_of_a_module_wide_server_went(plain):
    result = plain("""
import threading, pytest

@pytest.fixture(scope="module")
def server():
    asked, done = threading.Event(), threading.Event()

    def serve():
        asked.wait(10)
        narrate("answer", "apple", "Answering {target}")
        done.set()

    threading.Thread(target=serve, daemon=True).start()

    def ask():
        asked.set()
        assert done.wait(10)

    return ask

def test_a(server, narration):
    server()
    narration.assert_event(action="answer")
""")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*nothing was narrated", "*1 event came without this test's context * shop answer"])


@pytest.mark.req("PLUG-01")
def test_collecting_only_changes_nothing_on_disk(pools):
    pools.run()
    before = {path: path.stat().st_mtime_ns for path in sorted((pools.path / ".narration").rglob("*"))}
    pools.run("--collect-only")
    assert {path: path.stat().st_mtime_ns for path in sorted((pools.path / ".narration").rglob("*"))} == before


@pytest.mark.req("PLUG-01")
def test_a_project_that_does_not_ask_gets_nothing(project):
    project.unset("narration_features")
    project.write("features/shop.feature", "Feature: a\n  Scenario: b\n    Given a number\n    Given a number\n")
    project.write(
        "conftest.py",
        """
        from pytest_bdd import given

        @given("a number")
        def number():
            pass
        """,
    )
    # The module overrides a step of its conftest on purpose, which a strict registry would call ambiguous.
    project.write(
        "test_shop.py",
        """
        import sys
        from pytest_bdd import given, scenarios

        scenarios("features")

        @given("a number")
        def number():
            assert not [name for name in sys.modules if name.startswith("narration_capture._golden")]
        """,
    )
    result = project.pytester.runpytest_subprocess("-p", "no:hypothesispytest", "test_shop.py", timeout=120)
    result.assert_outcomes(passed=1)
    assert not (project.path / ".narration").exists()
    result.stdout.no_fnmatch_line("*= narration =*")


def test_workers_of_xdist_write_records_of_one_run_if_only_tests_ask(plain, project):
    plain("import pytest\n@pytest.mark.parametrize('n', range(8))\ndef test_a(narration, n):\n    pass\n", "-n2")
    lines = [path.read_text("utf-8").splitlines() for path in (project.path / ".narration/records").glob("gw*.jsonl")]
    assert sum(map(len, lines)) == 8


def test_a_run_that_cannot_write_its_records_says_so_and_goes_on(project):
    project.unset("narration_features")
    project.write("test_shop.py", NARRATING + "def test_a(narration):\n    pass\n")
    (project.path / ".narration").write_text("a file, where a folder should be")
    result = project.run("test_shop.py")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["run records are not written: *"])
