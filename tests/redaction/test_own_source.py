"""The coverage gate reads redaction's own source: nothing in it looks like narration."""

from pathlib import Path

from narration_ci.source.files import read_project
from narration_ci.source.points import declared
from narration_core import redaction

ROOT = Path(redaction.__file__).parents[2]


def test_no_name_of_redaction_is_taken_for_one_of_narration() -> None:
    files = sorted(Path(redaction.__file__).parent.rglob("*.py"))
    found = declared(read_project(ROOT, files))
    assert files
    assert (found.points, found.findings) == ((), ())
