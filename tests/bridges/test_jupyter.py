import pytest
from IPython.core.interactiveshell import InteractiveShell

from narration_core import configure
from narration_core.bridges import jupyter

SECRET = "hunter2-made-up-pass"
CELL = "from narration_core import Narrator; Narrator('lab')('mix', 'glass', 'Mixing two liquids')"


@pytest.fixture
def shell(monkeypatch, tmp_path):
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    shell = InteractiveShell()
    yield shell
    shell.history_manager.end_session()
    shell.atexit_operations = lambda: None
    configure()


@pytest.mark.req("INT-04")
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
def test_narration_is_shown_under_the_cell(shell, capsys):
    shell.run_line_magic("load_ext", "narration_core.bridges.jupyter")
    shell.run_cell(CELL)
    shell.run_cell(f"password = '{SECRET}'\nraise KeyError('password={SECRET}')")
    shown = capsys.readouterr()
    assert "Mixing two liquids" in shown.out
    assert "The cell failed: KeyError" in shown.out
    assert "Traceback" not in shown.out + shown.err
    assert SECRET not in shown.out + shown.err
    shell.run_line_magic("unload_ext", "narration_core.bridges.jupyter")
    shell.run_cell("raise KeyError('gone')")
    assert "Traceback" in capsys.readouterr().out


def test_a_cell_that_fails_is_told(narration):
    jupyter._failed(None, KeyError, KeyError("gone"), None)
    narration.assert_event(actor="notebook", action="cell", level="error", error_kind="KeyError", event="cell_failed")
