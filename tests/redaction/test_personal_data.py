"""Numbers are personal data only in context: by a layout, a range, a word before them."""

import pytest

from benchmarks.redaction_logs import KINDS, lines
from narration_core.redaction import Redactor

pytestmark = pytest.mark.req("NARR-3004")

PHONES = (
    "call 030 555018 now",
    "call 01 55 50 18 70 now",
    "call 06.55.50.18.70",
    "call 8 (495) 555-01-87",
    "call 020 7946 0018 please",
    "call 06-55501870",
    "call (02) 5550 1870",
    "call me on 0411 555 018",
    "call us at 912 555 018",
    "dial 1-800-555-0187",
    "text her on 07700 900 123",
    "ring 044 555 18 70",
    "reached on 08-555 018 70",
    "tel:+12125550187",
    "tel 0655501870",
    "gsm: 0655501870",
    "Telefono: 02 5550 1870",
    "(212) 555-0187",
    "212.555.0187",
    "+4930123456",
    "+49 30 555018",
    "+33.1.55.50.18.70",
    "+44 (0)20 7946 0018",
    "0049 30 555018",
    "+91-98765-43210",
)
CARDS = (
    "4242 4242 4242 4242",
    "4242-4242-4242-4242",
    "4242.4242.4242.4242",
    "3782 822463 10005",
    "paid by 4242424242424242 today",
    "/pay/4242424242424242/receipt",
    "visa_4242424242424242",
    "card:4222222222222",
    "PAN 5019717010103742",
    ";4242424242424242=29121010000000000000?",
)
ACCOUNTS = (
    "to DE02120300000000202051",
    "DE02 1203 0000 0000 2020 51",
    "DE02-1203-0000-0000-2020-51",
    "de02 1203 0000 0000 2020 51",
    "IBAN de02120300000000202051",
)
MAILS = (
    "Sent to ann.other@example.org. Next",
    "Sent to ann.other@example.org.",
    "mail:ann.other@example.org",
    "mailto:ann.other@example.org?subject=x",
    "ann.other@example.org: no such user",
    "<ann.other@example.org>",
    '"ann other"@example.org',
    "ann@bücher.example",
    "relay ann@[192.0.2.7]",
    "ann.other@example.org@https://example.net",
    "to=<ann.other@example.org>, relay=mx.example.org[192.0.2.7]:25",
)
COUNTS = (
    "m=+2682.895650130",
    "drift +306.058957403 ppm",
    "pos +23.430252,-48.321882",
    "+1129390254 rows",
    "read +4930123456 bytes",
    "worker thread=140169861986176 started",
    "[Thread 140265851653436] started",
    "dd.trace_id=7079304735901040074 dd.span_id=4565152211627941179",
    "seq 6483017418228226327",
    "trace_id=4242424242424242",
    "order-id: 4242424242424242",
    "blk_4242424242424242 src",
    "offset 4242424242424242",
    "wrote 4242424242424242 bytes",
    "imei 304838547363941",
    "row 65965895989426282",
    "disk id 11111111-0049-1512-3456-abcdefabcdef",
    "serial 0049-1512-3456-7890",
    "0040  00 49 30 12 34 56 78 90",
    "columns 212 555 2187 11 4",
    "call 1117838570 returned",
    "syscall 202 took 12345678 ns",
    "callback 20260102030405",
    "calls: 12 345 678",
    "recall 030 555018",
    "10.250.19.102:54106 -> 10.251.91.84:50010",
    "kex: curve25519-sha256@libssh.org chacha20-poly1305@openssh.com",
    "message-id=<20260102030405.4A5B6C@mail.example.org>",
    "msgid=<202601020304.k0234A5B006007@mail.example.org>, proto=ESMTP",
    "deploy@v1.2.3",
    "com.example.Server@1b2c3d4.start",
    "rabbit@queue-0.queue-nodes.default",
    "user@1000.service: Succeeded.",
    "npm i @scope/pkg@1.2.3",
)


@pytest.fixture(scope="module")
def redactor() -> Redactor:
    return Redactor()


@pytest.mark.parametrize("text", [*PHONES, *CARDS, *ACCOUNTS, *MAILS])
def test_personal_data_in_many_layouts_is_hidden(text: str, redactor: Redactor) -> None:
    hidden = redactor.text(text)
    assert "[REDACTED]" in hidden
    assert not any(
        piece in hidden for piece in ("5501", "555", "4242", "2020", "10103", "other@", "ann@", "0018", "8224")
    )


@pytest.mark.parametrize("text", COUNTS)
def test_numbers_and_names_that_count_or_identify_stay(text: str, redactor: Redactor) -> None:
    assert redactor.text(text) == text


@pytest.mark.req("NARR-5005")
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "counters"])
def test_a_run_of_digits_opens_no_gate(kind: str, redactor: Redactor) -> None:
    assert [line for line in lines(kind, 500) if redactor.gate(line)] == []
