"""A mail service that ends in many ways."""

import sys
from typing import Final

from pytest_bdd import parsers, when

from narration_capture import NarrationCapture

SERVICE: Final = """
import os, signal, sys
from narration_core import Narrator, bind
narrate = Narrator("mailer")
def fail(target):
    narrate.fatal("send", target, "Cannot send mails any more: the disk is full", error_kind="disk_full")
with bind(correlation_id=sys.argv[1]):
    narrate("start", "service", "Starting to send mails")
"""
ONE_MAIL: Final = """
    narrate("send", "mail-1", "Sending a mail of 3 pages")
    fail("mail-2")
    """
WORKERS: Final = """
    for number in (1, 2):
        worker = os.fork()
        if worker == 0:
            fail(f"worker-{number}")
            os._exit(1)
        os.waitpid(worker, 0)
"""
ENDINGS: Final = {
    "returns": "pass",
    "is stopped by SIGTERM": "os.kill(os.getpid(), signal.SIGTERM)",
    "is killed": "os.kill(os.getpid(), signal.SIGKILL)",
    "leaves past all clean-up": "os._exit(1)",
    "aborts": "os.abort()",
    "becomes another program": "os.execv(sys.executable, [sys.executable, '-c', ''])",
}


@when(parsers.parse('a mail service sends a mail for "{request_id}", finds the disk full and {ends}'))
def one_mail(request_id: str, ends: str, narration: NarrationCapture) -> None:
    narration.process([sys.executable, "-c", SERVICE + ONE_MAIL + ENDINGS[ends], request_id])


@when(parsers.parse('a mail service has two forked workers for "{request_id}" that leave past all clean-up'))
def workers(request_id: str, narration: NarrationCapture) -> None:
    narration.process([sys.executable, "-c", SERVICE + WORKERS, request_id])
