"""The tasks, Celery: charge a customer."""

import logging
import os

from celery import Celery

from narration_core import Narrator
from narration_core.bridges.celery import correlate

app = Celery("tasks", broker=os.environ.get("BROKER", "redis://127.0.0.1:6379/0"))
app.conf.broker_connection_retry_on_startup = True
narrate = Narrator("tasks")
correlate(narrate)


@app.task  # type: ignore[untyped-decorator]  # Celery has no types
def charge(amount: int) -> None:
    """Charge a customer."""
    logging.getLogger("bank").info("Logging in with password=%s", os.environ.get("BANK_PASSWORD", "none"))
    narrate("charge", "customer", "Charging the customer")
    if amount < 0:
        raise ValueError("nobody is charged less than nothing")
