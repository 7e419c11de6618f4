"""Links of the documentation that lead out of it: on the site, where their targets are not, they are plain text."""

import re
from typing import Any, Final

_LINK: Final = re.compile(r"\[((?:[^\[\]]|\[[^\[\]]*\])*)\]\((?:\.\./[^)\s]*)\)")


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Return a page's text without links to files outside of the documentation.

    Args:
        markdown: the page as it is written, with links that work in the repository.
    """
    return _LINK.sub(r"\1", markdown)
