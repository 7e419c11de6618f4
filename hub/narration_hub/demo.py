"""`narration hub --demo`: an example beside the hub, told by a process of its own through the public names.

Three services tell of two orders: one is done, the other one waits for a bank that does not answer. The process ends
with the hub, however that ends: it waits for the end of its standard input.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click

from narration_core import Narrator, Sink, bind, configure, flush, new_correlation_id, register_field
from narration_core.sinks import HubSink

STUCK = "order-1042"

register_field("apples", int, "how many apples an order is for")


@contextmanager
def example(url: str, token: str | None = None) -> Iterator[None]:
    """Tell the example to a hub for as long as this is open.

    Args:
        url: the hub's address.
        token: its operator's token.
    """
    environment = {**os.environ, "NARRATION_HUB": url, "NARRATION_HUB_TOKEN": token or ""}
    command = [sys.executable, "-m", "narration_hub.demo"]
    # In a session of its own: Ctrl-C is for the hub, which ends both.
    process = subprocess.Popen(  # noqa: S603 - our own package
        command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, env=environment, start_new_session=True
    )
    click.echo(f"Open {url} in a browser: {STUCK} is stuck there, see where. Ctrl-C ends it.", err=True)
    try:
        yield
    finally:
        process.terminate()
        process.communicate()


def _service(name: str, sink: Sink) -> Narrator:
    """Go on as another service; each would be a process of its own."""
    configure(service=name, version="demo", sinks=[sink])
    return Narrator(name)


def tell(sink: Sink) -> None:
    """Tell of both orders, the second one as long as standard input is open.

    Args:
        sink: where the events go.
    """
    for job_id, apples in (("order-1041", 3), (STUCK, 2)):
        with bind(correlation_id=new_correlation_id(), job_id=job_id, apples=apples):
            shop = _service("shop", sink)
            with shop.span("order", job_id, "Taking the order of {apples} apples"):  # narration: silent - an example
                stock = _service("stock", sink)
                stock("reserve", "apples", "Reserved {apples} apples in the cellar")  # narration: silent - an example
                payments = _service("payments", sink)
                with payments.span("charge", "bank", "Asking the bank for the money"):  # narration: silent - an example
                    if job_id == STUCK:
                        payments.warn("wait", "bank", "The bank has not answered yet")  # narration: silent - an example
                        flush()
                        sys.stdin.read()
                _service("shop", sink)


def main() -> None:
    """Tell the example to the hub of the environment."""
    tell(HubSink(os.environ["NARRATION_HUB"], os.environ["NARRATION_HUB_TOKEN"] or None))


if __name__ == "__main__":
    main()
