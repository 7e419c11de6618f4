import pytest

from tools.site_links import on_page_markdown


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("see [the feature](../features/a.feature), then", "see the feature, then"),
        ("[`a`](../a.py) and [b](../b/)", "`a` and b"),
        ("[row [1]](../c.py#L1)", "row [1]"),
        ("[a page](delivery.md#sinks)", "[a page](delivery.md#sinks)"),
        ("[elsewhere](https://example.org/../x)", "[elsewhere](https://example.org/../x)"),
    ],
)
def test_links_out_of_the_documentation_become_text(written, shown):
    assert on_page_markdown(written, page=None, config=None, files=None) == shown
