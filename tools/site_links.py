"""What the site needs beside its pages: the changelog, and links that lead out of the documentation as plain text."""

import re
from pathlib import Path
from typing import Any, Final

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

CHANGELOG: Final = Path(__file__).resolve().parents[1] / "CHANGELOG.md"
_LINK: Final = re.compile(r"\[(?P<text>(?:[^\[\]]|\[[^\[\]]*\])*)\]\((?P<up>(?:\.\./)+)[^)\s]*\)")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the changelog, which lies outside of the documentation, as a page.

    Args:
        files: the site's files.
        config: the site's configuration.
    """
    text = re.sub(r"\]\((?!docs/|https?:|#)", "](../", CHANGELOG.read_text("utf-8")).replace("](docs/", "](")
    files.append(File.generated(config, "changelog.md", content=text))
    return files


def on_page_markdown(markdown: str, *, page: Any, **_: Any) -> str:
    """Return a page's text without links to files outside of the documentation.

    Args:
        markdown: the page as it is written, with links that work in the repository.
        page: the page, as mkdocs knows it.
    """
    depth = page.file.src_uri.count("/")
    return _LINK.sub(lambda link: link["text"] if link["up"].count("/") > depth else link[0], markdown)
