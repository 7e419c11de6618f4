import pytest

from narration_core._hub_connection import HubConnection


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
