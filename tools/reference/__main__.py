"""Write or check docs/reference: pages made from the code.

python -m tools.reference            write the pages
python -m tools.reference --check    exit 1 if a page is stale, missing, or nobody's
"""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from tools.reference import api, commands, facts, http, sentences

FOLDER: Final = Path(__file__).resolve().parents[2] / "docs" / "reference"
NOTE: Final = "<!-- Made from the code by `make reference`; do not edit. -->\n\n"

PAGES: Final[dict[str, Callable[[], str]]] = {
    "core.md": lambda: api.page(
        "core", "narration_core", "What a service imports. Its modules that begin with an underscore are private."
    ),
    "bridges.md": lambda: api.page(
        "bridges",
        "Bridges",
        (
            "Connections to frameworks, servers, queues and loggers."
            " [Integrations](../integrations.md) says how to use them."
        ),
    ),
    "capture.md": lambda: api.page(
        "capture", "narration_capture", "What tests import; the fixture `narration` is a `NarrationCapture`."
    ),
    "client.md": lambda: api.page("client", "narration_worker.client", "A client of the worker, for asyncio."),
    "fields.md": facts.fields_page,
    "sentences.md": sentences.page,
    "commands.md": commands.page,
    "http.md": http.page,
    "metrics.md": facts.metrics_page,
    "errors.md": facts.errors_page,
    "environment.md": facts.environment_page,
    "exit-codes.md": commands.exit_codes_page,
}
"""Each page by the name of its file."""


def pages() -> dict[str, str]:
    """Return the text of every page by the name of its file."""
    return {name: NOTE + written().rstrip("\n") + "\n" for name, written in PAGES.items()}


def stale(folder: Path, wanted: dict[str, str]) -> list[str]:
    """Return what is wrong with the pages in a folder, one line each.

    Args:
        folder: where they are.
        wanted: the text of every page by the name of its file.
    """
    there = {path.name: path.read_text("utf-8") for path in folder.glob("*.md")}
    return [
        *(f"docs/reference/{name}: stale; run `make reference`" for name in wanted if there.get(name) != wanted[name]),
        *(f"docs/reference/{name}: nothing writes this page" for name in sorted(there) if name not in wanted),
    ]


def main(arguments: list[str]) -> int:
    """Write or check the pages; returns the exit code."""
    wanted = pages()
    if "--check" in arguments:
        wrong = stale(FOLDER, wanted)
        print("\n".join(wrong) if wrong else f"docs/reference: {len(wanted)} pages, all as the code has it")
        return 1 if wrong else 0
    FOLDER.mkdir(exist_ok=True)
    for name, written in wanted.items():
        (FOLDER / name).write_text(written, "utf-8")
    print(f"wrote {len(wanted)} pages of docs/reference")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
