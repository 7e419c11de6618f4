"""Clients that cost next to nothing, because they share the cores with the servers that they measure.

For each request of 64 tokens aiohttp's client takes about 2 ms of CPU, as much as five tokens of the tiny model;
these take a third of that, for every server alike.
"""

import json
import selectors
import socket
import statistics
import time
from typing import Final, NamedTuple

IDLE_S: Final = 4.0
"""Longest time that a connection waits for its next request: servers close theirs after 5 s."""

_LAST_CHUNK: Final = b"\r\n0\r\n\r\n"
_OK: Final = b"HTTP/1.1 200"
_ROOM: Final = 1 << 16


class Server(NamedTuple):
    """Somebody who generates text over HTTP.

    Attributes:
        port: where on this machine it listens.
        path: of the endpoint.
        body: what is asked.
        token: what a token looks like in the stream.
        pid: its process.
        slower: how many times slower than the others it is, about: it gets so many requests fewer in a turn.
    """

    port: int
    path: str
    body: dict[str, object]
    token: bytes
    pid: int
    slower: int = 1


class _Connection:
    """A connection to a server, for one request at a time."""

    def __init__(self, server: Server) -> None:
        self.socket = socket.create_connection(("127.0.0.1", server.port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.used_at = time.monotonic()
        self.first_ms = 0.0
        self._server = server
        self._asked_at = 0.0
        self._end = b""

    def ask(self, tokens: int, seed: int) -> None:
        """Send a request."""
        server = self._server
        body = json.dumps({**server.body, "max_tokens": tokens, "seed": seed})
        self.first_ms, self._end, self._asked_at = 0.0, b"", time.perf_counter()
        self.socket.sendall(
            f"POST {server.path} HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n{body}".encode()
        )

    def read(self) -> bool:
        """Read what has come of the answer; return whether that is all of it."""
        data = self.socket.recv(_ROOM)
        if not data or not (self._end or data.startswith(_OK)):
            raise ConnectionError(f"port {self._server.port} answered {data[:500]!r}")
        if not self.first_ms and self._server.token in data:
            self.first_ms = (time.perf_counter() - self._asked_at) * 1000
        self._end = (self._end + data)[-len(_LAST_CHUNK) :]
        self.used_at = time.monotonic()
        return self._end == _LAST_CHUNK


class Clients:
    """Clients of one server, whose connections stay open from one turn to the next.

    Args:
        server: whom they ask.
    """

    def __init__(self, server: Server) -> None:
        self.server = server
        self._open: list[_Connection] = []

    def ask(self, clients: int, requests: int, tokens: int) -> tuple[float, float]:
        """Return tokens per second, and the median time to the first token in ms, of some clients who ask in turn.

        Args:
            clients: how many ask at the same time.
            requests: how many they ask for together, at least one each.
            tokens: how many each request asks for.
        """
        seeds = iter(range(requests))
        firsts: list[float] = []
        with selectors.DefaultSelector() as answers:
            for connection in self._connect(clients):
                answers.register(connection.socket, selectors.EVENT_READ, connection)
            began = time.perf_counter()
            for key in list(answers.get_map().values()):
                key.data.ask(tokens, next(seeds))
            while answers.get_map():
                for key, _ in answers.select():
                    if not key.data.read():
                        continue
                    firsts.append(key.data.first_ms)
                    seed = next(seeds, None)
                    if seed is None:
                        answers.unregister(key.fileobj)
                    else:
                        key.data.ask(tokens, seed)
            return requests * tokens / (time.perf_counter() - began), statistics.median(firsts)

    def _connect(self, count: int) -> list[_Connection]:
        """Return so many connections, opened anew where a server may be about to close one."""
        oldest = time.monotonic() - IDLE_S
        for connection in self._open:
            if connection.used_at < oldest:
                connection.socket.close()
        self._open = [connection for connection in self._open if connection.used_at >= oldest]
        self._open += [_Connection(self.server) for _ in range(count - len(self._open))]
        return self._open[:count]

    def close(self) -> None:
        """Close the connections."""
        for connection in self._open:
            connection.socket.close()
        self._open.clear()
