"""Tests that take back what was imported in them, as `patch.dict(sys.modules)` and pytester do, disarm nothing."""

import subprocess
import sys

import pytest

PROGRAM = """
import sys
from unittest.mock import patch
import narration_core
from narration_core.redaction import redact

with patch.dict(sys.modules, {"vault": sys}):
    assert redact("BEFORE")
for text in (
    "password=hunter2", "api_key=hunter2", "token: hunter2X9", "secret = swordfish", "x-token=h4x",
    '{"password": "hunter2", "pin": "1234"}', "--password hunter2", "AKIAQ3EGH7JK2MN5PQ8S",
):
    print(redact(text))
print(redact({"password": "hunter2", "max_tokens": 3}))
"""


@pytest.mark.req("ORCH-3302")
@pytest.mark.parametrize(
    "before", ["a quiet text, e.g. 12 % of 7", "password=hunter1", "key=1 and AKIAQ3EGH7JK2MN5PQ8S"]
)
def test_redaction_works_after_a_patch_of_the_modules_ends(before):
    def said(program):
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
        return done.stdout

    patched = PROGRAM.replace("BEFORE", before)
    unpatched = patched.replace('with patch.dict(sys.modules, {"vault": sys}):', "if True:")
    assert "patch.dict(" not in unpatched
    assert said(patched) == said(unpatched)
    assert "hunter2" not in said(patched)
