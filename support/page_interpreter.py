"""A Python that runs the blocks of one page, one after the other, in one namespace; started by `support.page_run`.

Its arguments are two descriptors: a line of JSON for each block comes in on the first, and one goes out on the second
when the block has run.
"""

import contextlib
import json
import os
import sys
import traceback
from typing import Any


def main() -> None:
    """Run blocks until there are no more."""
    questions, answers = os.fdopen(int(sys.argv[1])), os.fdopen(int(sys.argv[2]), "w")
    namespace: dict[str, Any] = sys.modules["__main__"].__dict__
    sys.argv, sys.path[0] = [""], ""
    for line in questions:
        answers.write(json.dumps(_run(json.loads(line), namespace)) + "\n")
        answers.flush()


def _run(block: dict[str, Any], namespace: dict[str, Any]) -> dict[str, Any]:
    failed, why = False, ""
    try:
        # The lines before make a traceback show the line of the page.
        exec(compile("\n" * (block["line"] - 1) + block["code"], block["page"], "exec"), namespace)  # noqa: S102
    except BaseException as error:  # noqa: BLE001 - whatever a block raises is its result
        failed, why = True, str(error) if block["raises"] else traceback.format_exc()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(ValueError, OSError):
            stream.flush()
    if core := sys.modules.get("narration_core"):
        core.flush()
    return {"failed": failed, "why": why}


if __name__ == "__main__":
    main()
