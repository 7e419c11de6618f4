"""The till, Flask under gunicorn: logs with the standard library, has tasks charge, and calls itself by requests."""

import logging
import os

import requests
from flask import Flask
from tasks import charge

from narration_core import Narrator
from narration_core.bridges.requests import narrated
from narration_core.bridges.stdlib import NarrationHandler
from narration_core.bridges.wsgi import NarrationMiddleware

TAXES = os.environ.get("TAXES", "http://127.0.0.1:8082/tax")
PRICES = {"book": 7, "voucher": -7}
logging.basicConfig(handlers=[NarrationHandler()], level="INFO")
log = logging.getLogger("prices")
narrate = Narrator("till")

app = Flask("till")
app.wsgi_app = NarrationMiddleware(app.wsgi_app, narrate=narrate, trust="inside")  # type: ignore[method-assign]  # Flask's way
session = narrated(requests.Session(), narrate, trust="inside", max_retries=1)


@app.get("/tax")
def tax() -> str:
    """Return the tax, in percent."""
    return "19"


@app.get("/price/<article>")
def price(article: str) -> str:
    """Return the price of an article; a missing one is a fault that nobody handles."""
    found = PRICES[article]
    log.info("Found a price", extra={"shelf": 3})
    percent = session.get(TAXES, timeout=30).text
    charge.delay(found)
    return f"{found} with {percent} % tax"
