import os
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from tools.site_links import on_page_markdown

ROOT = Path(__file__).resolve().parents[2]


def shown(written, page="page.md"):
    return on_page_markdown(written, page=SimpleNamespace(file=SimpleNamespace(src_uri=page)), config=None, files=None)


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("see [the feature](../features/a.feature), then", "see the feature, then"),
        ("[`a`](../a.py) and [b](../b/)", "`a` and b"),
        ("[row [1]](../c.py#L1)", "row [1]"),
        ("[a page](delivery.md#sinks)", "[a page](delivery.md#sinks)"),
        ("[elsewhere](https://example.org/../x)", "[elsewhere](https://example.org/../x)"),
    ],
)
def test_links_out_of_the_documentation_become_text(written, text):
    assert shown(written) == text


def test_links_of_a_page_in_a_folder_to_a_page_above_it_stay():
    written = "[a page](../delivery.md) and [a file](../../README.md)"
    assert shown(written, "reference/core.md") == "[a page](../delivery.md) and a file"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder


def test_every_page_is_in_the_navigation(site):
    start = (site / "index.html").read_text("utf-8")
    pages = {path.parent.relative_to(site).as_posix() for path in site.rglob("*/index.html")}
    missing = {page for page in pages if f'href="{page}/"' not in start}
    assert "adopt" in pages
    assert missing == set()


def test_the_changelog_is_a_page_whose_links_work(site):
    page = (site / "changelog/index.html").read_text("utf-8")
    assert "Unreleased" in page
    assert re.search(r'href="\.\./delivery/"', page)


def test_search_and_dark_mode_are_there(site):
    assert "Loaded haiku.gguf" in (site / "search/search_index.json").read_text("utf-8")
    assert 'data-md-color-scheme="slate"' in (site / "index.html").read_text("utf-8")
