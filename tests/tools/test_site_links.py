from types import SimpleNamespace

import pytest

from tools.site_links import on_page_markdown


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
