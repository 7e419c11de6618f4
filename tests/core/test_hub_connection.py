import pytest

from narration_core._hub_connection import Answer, HubConnection


@pytest.mark.parametrize(
    ("url", "where"),
    [
        ("http://127.0.0.1:7380", "http://127.0.0.1:7380"),
        ("http://[::1]:7380/", "http://[::1]:7380"),
        ("https://hub.example.org/narration", "https://hub.example.org"),
        ("http://ada:hunter2swordfish@hub:7380", "http://hub:7380"),
    ],
)
def test_where_a_hub_is_can_be_opened_and_names_no_password(url, where):
    assert HubConnection(url).where == where


@pytest.mark.parametrize(
    ("asked", "seconds"),
    [("3", 3), ("0", 0), ("", 0), ("-1", 0), ("soon", 0), ("Wed, 21 Oct 2026 07:28:00 GMT", 0), ("9" * 400, 0)],
)
def test_an_answer_says_how_long_to_wait(asked, seconds):
    assert Answer(503, {"retry-after": asked}, b"").retry_after_s == seconds
    assert Answer(503, {}, b"").retry_after_s == 0
