"""Web pages may not use a service that needs no token; programs on this machine may."""

import pytest
from multidict import CIMultiDict

from narration_core.serving.web_guard import ForeignPageError, check_not_a_foreign_page

HOST = "127.0.0.1:8080"


@pytest.mark.req("AUTH-1004")
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Host": HOST},
        {"Host": "localhost:8080"},
        {"Host": "LOCALHOST"},
        {"Host": "worker.localhost:8080"},
        {"Host": "127.9.9.9"},
        {"Host": "[::1]:8080"},
        {"Host": "[::ffff:127.0.0.1]:8080"},
        {"Host": "localhost.:8080"},
        {"Host": "worker.localhost."},
        {"Host": HOST, "Origin": f"http://{HOST}", "Sec-Fetch-Site": "same-origin"},
        {"Host": "localhost:8080", "Origin": "http://localhost:8080"},
        {"Host": HOST, "Sec-Fetch-Site": "none"},
    ],
)
def test_programs_and_the_services_own_page_may(headers):
    check_not_a_foreign_page(CIMultiDict(headers), "127.0.0.1")


@pytest.mark.req("AUTH-1004")
@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "evil.example:8080"},
        {"Host": "127.0.0.1.evil.example"},
        {"Host": "localhost.evil.example"},
        {"Host": "evil"},
        {"Host": "192.0.2.7:8080"},
        {"Host": "0.0.0.0:8080"},
        {"Host": ""},
        {"Host": "[::1"},
        {"Host": "user@127.0.0.1.evil.example"},
        {"Host": "evil.example@127.0.0.1"},
        {"Host": "evil.example:80@localhost:8080"},
        {"Host": "localhost/evil.example"},
        {"Host": "localhost#evil.example"},
        {"Host": "localhost.."},
        {"Host": "."},
        {"Host": "[::ffff:192.0.2.7]:8080"},
        {"Host": HOST, "Origin": "http://evil.example"},
        {"Host": HOST, "Origin": "null"},
        {"Host": HOST, "Origin": ""},
        {"Host": HOST, "Origin": "http://127.0.0.1:9999"},
        {"Host": HOST, "Origin": "file://"},
        {"Host": HOST, "Origin": "http://[bad"},
        {"Host": HOST, "Sec-Fetch-Site": "cross-site"},
        {"Host": HOST, "Sec-Fetch-Site": "same-site"},
        {"Host": "evil.example", "Origin": "http://evil.example", "Sec-Fetch-Site": "same-origin"},
    ],
)
def test_pages_of_other_sites_may_not(headers):
    with pytest.raises(ForeignPageError):
        check_not_a_foreign_page(CIMultiDict(headers), "127.0.0.1")


def test_the_name_that_the_service_was_told_to_listen_on_is_its_own():
    check_not_a_foreign_page(CIMultiDict({"Host": "worker.internal:80"}), "worker.internal")
