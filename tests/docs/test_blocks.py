"""Every block of code in the documentation runs, as a reader would paste it: page by page, block by block."""

from pathlib import Path

import pytest

from support.page_run import run_page
from support.pages import blocks, pages
from tools import prepare_clients

ROOT = Path(__file__).resolve().parents[2]

EXCEPTIONS = {
    ("deploy/README.md", "narration worker --device cuda"): (
        "needs a GPU, root and /etc/nginx; tests/clients/test_nginx.py runs the configuration with a real nginx"
    ),
    ("deploy/README.md", "default 1;"): "a table of tokens for nginx; tests/clients/test_nginx.py writes one like it",
    ("docs/architecture.md", "steps ──>"): "a picture; tests/test_layers.py holds the code to it",
    ("docs/capture.md", "// report.mjs"): "needs packages of npm; tests/capture/test_report.py runs it where npm is",
    ("examples/services/README.md", "pip install 'narration-core' fastapi"): (
        "needs a redis-server; features/services.feature and tests/packaging/test_services.py run it where there is one"
    ),
    ("worker/narration_worker/models/README.md", "python3.11 -m venv /tmp/train"): (
        "installs torch and trains for minutes; tests/tools/test_haiku_model.py checks what came out"
    ),
}
"""Blocks that are not run, by page and how they begin, each with its reason."""

NEEDS = {"docs/hub-redis.md": "redis"}
"""Pages that need a program of somebody else's; without it they are skipped, which is said."""


@pytest.mark.req("DOC-01")
@pytest.mark.parametrize("page", [page for page in pages(ROOT) if blocks(ROOT, page)])
def test_every_block_of_the_page_runs(page, tmp_path):
    if page in NEEDS and prepare_clients.PARTS[NEEDS[page]].find(ROOT) is None:
        pytest.skip(prepare_clients.missing(NEEDS[page]))
    left_out = run_page(ROOT, page, tmp_path, EXCEPTIONS)
    assert left_out == {start for of, start in EXCEPTIONS if of == page}


@pytest.mark.req("DOC-01")
def test_an_exception_names_a_page_and_a_test_that_are_there():
    assert {page for page, _ in EXCEPTIONS} <= set(pages(ROOT))
    for reason in EXCEPTIONS.values():
        (test,) = (word for word in reason.split() if word.startswith("tests/"))
        assert (ROOT / test).is_file()
