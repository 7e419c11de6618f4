"""A stand-in for an OpenTelemetry collector: it keeps what it is sent, and answers as a test wants."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar


class Collector(BaseHTTPRequestHandler):
    """A collector that answers as it is told, then with success, and keeps what it is sent."""

    answers: ClassVar[list[tuple[int, dict[str, str], bytes]]] = []
    seen: ClassVar[list[tuple[str, dict[str, str], Any]]] = []

    def do_POST(self) -> None:
        """Answer a request."""
        kind = type(self)
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        kind.seen.append((self.path, dict(self.headers), body))
        status, headers, answer = kind.answers.pop(0) if kind.answers else (200, {}, b"{}")
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(answer))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def running_collector(port: int = 0) -> Iterator[tuple[type[Collector], str]]:
    """Yield a collector and its address.

    Args:
        port: where it listens; 0 takes any free one.
    """
    kind = type("Own", (Collector,), {"answers": [], "seen": []})
    server = ThreadingHTTPServer(("127.0.0.1", port), kind)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield kind, f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def records(body: Any) -> list[Any]:
    """Return the log records of a request."""
    return [
        record for resource in body["resourceLogs"] for scope in resource["scopeLogs"] for record in scope["logRecords"]
    ]
