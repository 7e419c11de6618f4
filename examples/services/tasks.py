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
    """Charge a customer. It says more than it should, as programs do: the password is hidden in all that comes out."""
    password = os.environ.get("BANK_PASSWORD", "none")
    logging.getLogger("bank").info("Logging in with password=%s", password)
    narrate("charge", "customer", "Charging the customer")
    if amount < 0:
        raise ValueError(f"the bank at https://till:{password}@bank.example/ charges nobody less than nothing")
