"""Pages of the documentation and their blocks of code: what stands where, and what is to be done with it.

Every fenced block has a language, and every language a way to run it (`support.page_run`). What readers need not see
stands in an HTML comment directly before the block:

    <!-- block: serves -->            the command runs on until the end of the page; what follows waits for its ports
    <!-- block: serves until="..." -->   ... or for this text in its output
    <!-- block: output -->            what the block before printed (a `text` block is always that)
    <!-- block: exits=1 -->           the exit code of a shell block
    <!-- block: raises -->            a Python block that ends with an exception; its text is the output
    <!-- block: file="name" -->       the block is a file of this name; `title="name"` after the language shows it
    <!-- block: checkout -->          the commands run in the checkout, not in the folder of the page

and what a reader has already, such as a service or log files of his own, is made by a comment anywhere:

    <!-- setup: bash
    mkdir logs
    -->
"""

import re
import shlex
import subprocess
from pathlib import Path
from typing import Final, NamedTuple

from markdown_it import MarkdownIt

WORDS: Final = {"serves", "until", "output", "exits", "raises", "file", "checkout"}
_COMMENT: Final = re.compile(r"<!--\s*(block|setup):\s*(.*?)\s*-->", re.DOTALL)
_TITLE: Final = re.compile(r'title="([^"]+)"')


class Block(NamedTuple):
    """One block of code of a page.

    Attributes:
        page: the page's path, from the checkout.
        line: of the page, where the code begins, from 1.
        kind: its language; empty if it has none.
        code: its text.
        marks: what its comment says, by name; a word alone is "".
        hidden: readers do not see it.
    """

    page: str
    line: int
    kind: str
    code: str
    marks: dict[str, str]
    hidden: bool = False

    @property
    def place(self) -> str:
        """Return `path:line`."""
        return f"{self.page}:{self.line}"


class PageError(Exception):
    """A page that cannot be understood; the message begins with `path:line`."""


class BlockError(AssertionError):
    """A block that does not do what its page says; the message begins with `path:line`."""

    def __init__(self, block: Block, why: str) -> None:
        super().__init__(f"{block.place}: {why}")


def pages(root: Path) -> list[str]:
    """Return the path of every page of a checkout, new ones that are not committed yet included.

    Args:
        root: the checkout.
    """
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"]
    done = subprocess.run(listed, cwd=root, capture_output=True, text=True, check=True)
    return sorted(path for path in done.stdout.splitlines() if (root / path).is_file())


def blocks(root: Path, page: str) -> list[Block]:
    """Return the blocks of a page, hidden ones included, as they follow each other.

    Args:
        root: the checkout.
        page: the page's path.

    Raises:
        PageError: a comment about a block that is not understood, or that no block follows.
    """
    return list(_blocks(page, (root / page).read_text("utf-8")))


def _blocks(page: str, text: str) -> list[Block]:
    found: list[Block] = []
    marks: dict[str, str] = {}
    told = 0
    for token in MarkdownIt("commonmark").parse(text):
        line = (token.map or [0])[0] + 1
        if marks and token.type != "html_block" and token.type not in {"fence", "code_block"}:
            raise PageError(f"{page}:{told}: no block follows this comment")
        if token.type == "html_block":
            if re.search(r"<pre\b", token.content):
                raise PageError(f"{page}:{line}: code in <pre> would not be run; use a fence with a language")
            for comment in _COMMENT.finditer(token.content):
                at = line + token.content[: comment.start()].count("\n")
                if comment[1] == "setup":
                    kind, _, code = comment[2].partition("\n")
                    found.append(Block(page, at + 1, kind.strip(), f"{code}\n", {}, hidden=True))
                else:
                    marks, told = marks | _marks(f"{page}:{at}", comment[2]), at
        elif token.type in {"fence", "code_block"}:
            info = token.info if token.type == "fence" else ""
            if title := _TITLE.search(info):
                marks["file"] = title[1]
            inside = line + (token.type == "fence")
            found.append(Block(page, inside, info.split()[0] if info.split() else "", token.content, marks))
            marks = {}
    if marks:
        raise PageError(f"{page}:{told}: no block follows this comment")
    return found


def _marks(place: str, text: str) -> dict[str, str]:
    found = {}
    for word in shlex.split(text):
        name, _, value = word.partition("=")
        if name not in WORDS:
            raise PageError(f"{place}: `{name}` says nothing about a block; there are: {', '.join(sorted(WORDS))}")
        found[name] = value
    return found
