"""Links of the documentation that lead out of it: on the site, where their targets are not, they are plain text."""

import re
from typing import Any, Final

_LINK: Final = re.compile(r"\[(?P<text>(?:[^\[\]]|\[[^\[\]]*\])*)\]\((?P<up>(?:\.\./)+)[^)\s]*\)")


def on_page_markdown(markdown: str, *, page: Any, **_: Any) -> str:
    """Return a page's text without links to files outside of the documentation.

    Args:
        markdown: the page as it is written, with links that work in the repository.
        page: the page, as mkdocs knows it.
    """
    depth = page.file.src_uri.count("/")
    return _LINK.sub(lambda link: link["text"] if link["up"].count("/") > depth else link[0], markdown)
