"""The mechanism that runs the pages sees what is wrong with a block of each kind, and says where."""

import subprocess

import pytest

from support.page_output import shows
from support.page_run import BlockError, run_page
from support.pages import PageError, pages

FAULTS = {
    "no language": ("```\nls\n```", 3, "without a language"),
    "indented": ("    ls", 2, "without a language"),
    "a kind that nobody runs": ("```ruby\nputs 1\n```", 3, "nobody runs ruby blocks"),
    "tildes": ("~~~\nls\n~~~", 3, "without a language"),
    "in a list": ("1. first\n   ```\n   ls\n   ```", 4, "without a language"),
    "python that fails": ("```python\n1 / 0\n```", 3, "ZeroDivisionError"),
    "python with an unknown field": (
        '```python\nfrom narration_core import Narrator\nNarrator("a")("b", "c", "d", colour="red")\n```', 3, "colour"
    ),
    "a name of a function that nobody calls": ("```python\ndef f():\n    return g()\n```", 4, "g"),
    "a test that nobody runs": ("```python\ndef test_a():\n    assert False\n```", 3, "pytest never sees this test"),
    "python that raises nothing": ("<!-- block: raises -->\n```python\n1\n```", 4, "raises nothing"),
    "a command that fails": ("```bash\nls\nls nowhere\n```", 3, "exit code 2, not 0"),
    "a command in a pipe that fails": ("```bash\nls nowhere | cat\n```", 3, "exit code 2, not 0"),
    "another output": ("```console\n$ echo one\ntwo\n```", 3, "not what the page shows"),
    "another exit code": ("```console\n$ true\nexit code 1\n```", 3, "exit code 0, not 1"),
    "an output of python": ("```python\nprint(1)\n```\n```text\n2\n```", 6, "not what was printed"),
    "an output of nothing": ("```text\n2\n```", 3, "no block before it prints"),
    "json": ("```json\n{a: 1}\n```", 3, "not JSON"),
    "an event": ('```json\n{"actor": "a", "action": "b", "human": 7}\n```', 3, "not an event"),
    "yaml": ("```yaml\na: [\n```", 3, "not YAML"),
    "toml": ("```toml\na = \n```", 3, "not TOML"),
    "gherkin": ("```gherkin\nWhen a\n  | b |\n  | c | d |\n```", 3, "not Gherkin"),
    "a step that nobody defines": ("```gherkin\nThen the moon is full\n```", 3, "the moon is full"),
    "a file that is not valid": ("<!-- block: file=a.toml -->\n```toml\na = \n```\n```bash\nls\n```", 4, "not TOML"),
    "a file that nothing uses": (
        "<!-- block: file=a.py -->\n```python\na = 1\n```", 4, "nothing that follows on the page uses a.py"
    ),
    "a server that does not come up": (
        "<!-- block: serves until=there -->\n```bash\necho here\n```", 4, "does not come up"
    ),
    "a server that ends": (
        "<!-- block: serves until=there -->\n```bash\necho there; sleep 0.5; exit 3\n```\n```bash\nsleep 2\n```",
        4,
        "exit code 3",
    ),
    "a package that is not there": ("```bash\npip install narration-cores\n```", 3, "narration-cores"),
    "an extra that is not there": ("```bash\npip install 'narration-core[tests]'\n```", 3, "there is no extra tests"),
    "what is prepared": ("<!-- setup: bash\nls nowhere\n-->", 3, "exit code 2"),
}  # fmt: skip


@pytest.fixture
def checkout(tmp_path):
    folder = tmp_path / "checkout"
    folder.mkdir()
    subprocess.run(["git", "init", "-q"], cwd=folder, check=True)
    return folder


def run(checkout, text, exceptions=None):
    (checkout / "page.md").write_text(text, "utf-8")
    folder = checkout.parent / "folder"
    folder.mkdir()
    return run_page(checkout, "page.md", folder, exceptions)


@pytest.mark.req("DOC-01")
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_found_where_it_is(fault, checkout):
    block, line, why = FAULTS[fault]
    with pytest.raises((BlockError, AssertionError)) as failed:
        run(checkout, f"\n{block}\n")
    assert str(failed.value).startswith(f"page.md:{line}: "), failed.value
    assert why in str(failed.value)


@pytest.mark.parametrize(
    ("text", "line", "why"),
    [
        ("<!-- block: serve -->\n```bash\nls\n```", 1, "`serve` says nothing about a block"),
        ("<!-- block: serves -->\n\nNo block.\n", 1, "no block follows"),
        ("Text.\n\n<!-- block: output -->\n", 3, "no block follows"),
        ("<pre>\nls\n</pre>\n", 1, "would not be run"),
        ('In `a.py`:\n```python title="b.py"\na = 1\n```\n', 3, "write `b.py` before the block"),
    ],
)
def test_a_comment_or_a_block_that_would_do_nothing_is_a_fault(text, line, why, checkout):
    with pytest.raises(PageError) as failed:
        run(checkout, text)
    assert str(failed.value).startswith(f"page.md:{line}: ")
    assert why in str(failed.value)


def test_blocks_share_a_folder_and_python_a_namespace(checkout):
    run(
        checkout,
        """
In `shop.py`:
```python title="shop.py"
def price():
    return 7
```
```python
import shop
```
```python
print(shop.price())
```
```text
7
```
```bash
echo 8 > file
```
```console
$ cat file
8
$ cat nowhere
cat: ...
exit code 1
```
""",
    )


def test_a_server_has_ports_of_its_own_and_ends_with_its_page(checkout):
    run(
        checkout,
        """
<!-- block: serves -->
```bash
python -m http.server --bind 127.0.0.1 7391 2>/dev/null  # http://127.0.0.1:7391
```
```python
import os, urllib.request
print(urllib.request.urlopen("http://127.0.0.1:7391").status, "http://127.0.0.1:7391" )
```
```text
200 http://127.0.0.1:7391
```
""",
    )
    listening = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    assert not [line for line in listening.splitlines() if f"{checkout.parent}" in line]


def test_an_exception_is_left_out_and_said(checkout):
    assert run(checkout, "```ruby\nputs 1\n```", {("page.md", "puts"): "no ruby here"}) == {"puts"}


def test_a_new_page_counts_before_it_is_committed(checkout):
    (checkout / "docs").mkdir()
    (checkout / "docs/new.md").write_text("New\n", "utf-8")
    assert pages(checkout) == ["docs/new.md"]


@pytest.mark.parametrize(
    ("page", "printed", "same"),
    [
        ("a\n", "a\n", True),
        ("a\n", "a\nb\n", False),
        ("a\n...\n", "a\nb\nc\n", True),
        ("...\nc\n", "a\nb\nc\n", True),
        ("took 5 ms\n", "took 7 ms\n", True),
        ("took 5 s\n", "took 7 s\n", False),
        ('{"at":1795246251719}\n', '{"at":1795246251720}\n', True),
        ("21:06:40.030  gateway\n", "08:01:00.123  gateway\n", True),
        ("2 passed in 0.01s\n", "2 passed in 3.42s\n", True),
        ("a [1]\n", "a [1]\n", True),
        ("", "", True),
        ("", "a\n", False),
    ],
)
def test_what_differs_from_run_to_run_is_alike(page, printed, same):
    assert shows(page, printed) is same
