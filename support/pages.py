"""Pages of the documentation and their blocks of code: what stands where, and what is to be done with it.

Every fenced block has a language, and every language a way to run it (`support.page_run`). What readers need not see
stands in an HTML comment directly before the block:

    <!-- block: serves -->            the command runs on until the end of the page; what follows waits for its ports
    <!-- block: serves until="..." -->   ... or for this text in its output
    <!-- block: output -->            what the block before printed (a `text` block is always that)
    <!-- block: exits=1 -->           the exit code of a shell block
    <!-- block: raises -->            a Python block that ends with an exception; its text is the output
    <!-- block: file="name" -->       the block is a file of this name; `title="name"` after the language shows it,
                                      and the text before the block must name it as well
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
from markdown_it.token import Token

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
    return _Reader(page).read((root / page).read_text("utf-8"))


class _Reader:
    """Reads one page from its top to its end."""

    def __init__(self, page: str) -> None:
        self.page = page
        self.found: list[Block] = []
        self.marks: dict[str, str] = {}  # of the block that must follow
        self.marked_at = 0
        self.said = ""  # the text since the last block

    def read(self, text: str) -> list[Block]:
        """Return the blocks of a text."""
        for token in MarkdownIt("commonmark").parse(text):
            line = (token.map or [0])[0] + 1
            if token.type == "html_block":
                self._comments(token.content, line)
            elif token.type in {"fence", "code_block"}:
                self._block(token, line)
            else:
                self._check_no_marks()
                self.said += token.content
        self._check_no_marks()
        return self.found

    def _check_no_marks(self) -> None:
        if self.marks:
            raise PageError(f"{self.page}:{self.marked_at}: no block follows this comment")

    def _comments(self, html: str, line: int) -> None:
        if re.search(r"<pre\b", html):
            raise PageError(f"{self.page}:{line}: code in <pre> would not be run; use a fence with a language")
        for comment in _COMMENT.finditer(html):
            at = line + html[: comment.start()].count("\n")
            if comment[1] == "setup":
                kind, _, code = comment[2].partition("\n")
                self.found.append(Block(self.page, at + 1, kind.strip(), f"{code}\n", {}, hidden=True))
            else:
                self.marks, self.marked_at = self.marks | _marks(f"{self.page}:{at}", comment[2]), at

    def _block(self, token: Token, line: int) -> None:
        info, inside = (token.info, line + 1) if token.type == "fence" else ("", line)
        if title := _TITLE.search(info):
            self.marks["file"] = title[1]
            if f"`{title[1]}`" not in self.said:
                raise PageError(f"{self.page}:{inside}: GitHub shows no title: write `{title[1]}` before the block")
        kind = info.split()[0] if info.split() else ""
        self.found.append(Block(self.page, inside, kind, token.content, self.marks))
        self.marks, self.said = {}, ""


def _marks(place: str, text: str) -> dict[str, str]:
    found = {}
    for word in shlex.split(text):
        name, _, value = word.partition("=")
        if name not in WORDS:
            raise PageError(f"{place}: `{name}` says nothing about a block; there are: {', '.join(sorted(WORDS))}")
        found[name] = value
    return found
