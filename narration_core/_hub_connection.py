"""Requests to a hub, with the standard library alone: whoever narrates needs no HTTP client installed."""

import http.client
import re
import ssl
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple
from urllib.parse import urlsplit

TIMEOUT_S: Final = 10.0
STREAM_TIMEOUT_S: Final = 60.0
"""Longest silence of a stream, in seconds; a hub breaks it every 15."""

NOT_ASKED_HEADER: Final = "X-Narration-Not-Asked"
"""Beside lines from one hub's store: names of the other hubs, which may keep more."""

_LONGEST_ANSWER: Final = 64 << 20
_LONGEST_HOST: Final = 254
_HOST: Final = re.compile(r"[^.%]{1,63}(?:\.[^.%]{1,63})*\.?")
"""The name of a host: its parts are neither empty nor longer than names may be."""


class HubUnreachableError(OSError):
    """The hub did not answer, or not as a hub does; the message says why and where."""


class Answer(NamedTuple):
    """What a hub answered.

    Attributes:
        status: HTTP status.
        headers: by lower-case name.
        body: the bytes.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def retry_after_s(self) -> float:
        """How long it asks to wait before the next try, in seconds; 0 when it does not say."""
        asked = self.headers.get("retry-after", "")
        return float(asked) if re.fullmatch("[0-9]{1,9}", asked) else 0.0


def is_possible_url(url: str) -> bool:
    """Tell whether a URL can be requested."""
    try:
        parts = urlsplit(url)
        possible = parts.scheme in {"http", "https"} and _is_possible_host(parts.hostname or "") and parts.port != 0
    except ValueError:
        return False
    return possible and not re.search(r"[\s\x00-\x1f\x7f]", url)


def _is_possible_host(host: str) -> bool:
    """Tell whether a host can have an address: an IPv6 address, which `urlsplit` has checked, or a name of parts."""
    return ":" in host or (len(host) <= _LONGEST_HOST and _HOST.fullmatch(host) is not None)


class HubConnection:
    """Requests to one hub, one after the other, over a connection that stays open.

    Args:
        url: the hub's address.
        token: sent as a bearer token, unless it is None.
        timeout_s: longest wait for anything, in seconds.
        peer: what answers there, for messages.

    Attributes:
        where: the hub's address, without what may be secret in it.
        headers: of the last endless answer, by lower-case name.

    Raises:
        ValueError: the address is not a possible URL; the message does not repeat it, for it may hold a password.
    """

    def __init__(self, url: str, token: str | None = None, timeout_s: float = TIMEOUT_S, peer: str = "the hub") -> None:
        if not is_possible_url(url):
            raise ValueError(f"{peer}'s address is not a possible URL; it must be http://host[:port] or https://...")
        parts = urlsplit(url)
        self.where = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
        self.headers: Mapping[str, str] = {}
        self._peer = peer
        self._path = parts.path.rstrip("/")
        self._is_secure = parts.scheme == "https"
        self._host, self._port = parts.hostname or "", parts.port
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._timeout_s = timeout_s
        self._open: http.client.HTTPConnection | None = None

    def _connection(self, timeout_s: float) -> http.client.HTTPConnection:
        if self._open is None:
            if self._is_secure:
                context = ssl.create_default_context()
                self._open = http.client.HTTPSConnection(self._host, self._port, timeout=timeout_s, context=context)
            else:
                self._open = http.client.HTTPConnection(self._host, self._port, timeout=timeout_s)
        return self._open

    def request(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Return the answer to a request; a connection that the hub has closed meanwhile is opened again.

        Args:
            method: GET, POST or DELETE.
            path: from `/v1/` on.
            body: what is sent.
            headers: more headers.

        Raises:
            HubUnreachableError: the hub did not answer.
        """
        for is_last in (False, True):
            was_open = self._open is not None
            try:
                response = self._send(method, path, body, headers or {}, self._timeout_s)
                data = response.read(_LONGEST_ANSWER)
                found = {name.lower(): value for name, value in response.getheaders()}
                if response.will_close:
                    self.close()
            except (OSError, http.client.HTTPException) as error:
                self.close()
                if is_last or not was_open:
                    raise self._unreachable(error) from None
            else:
                return Answer(response.status, found, data)
        raise AssertionError("the last try returns or raises")

    def _send(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str], timeout_s: float
    ) -> http.client.HTTPResponse:
        connection = self._connection(timeout_s)
        connection.request(method, self._path + path, body=body, headers={**self._headers, **headers})
        return connection.getresponse()

    def lines(self, path: str, headers: Mapping[str, str]) -> Iterator[bytes]:
        """Yield the lines of an endless answer as they come, without their ends.

        Args:
            path: from `/v1/` on.
            headers: more headers.

        Raises:
            HubRefusedError: the hub answered with another status than 200.
            HubUnreachableError: the hub did not answer, or the connection broke.
        """
        self.close()
        try:
            response = self._send("GET", path, None, headers, STREAM_TIMEOUT_S)
            self.headers = {name.lower(): value for name, value in response.getheaders()}
            if response.status != http.client.OK:
                raise HubRefusedError(Answer(response.status, self.headers, response.read(_LONGEST_ANSWER)))
            while line := response.readline():
                yield line.rstrip(b"\r\n")
        except (OSError, http.client.HTTPException, AttributeError) as error:
            if isinstance(error, HubRefusedError):
                raise
            raise self._unreachable(error) from None
        finally:
            self.close()

    def _unreachable(self, error: Exception) -> HubUnreachableError:
        if isinstance(error, http.client.IncompleteRead | http.client.RemoteDisconnected):
            return HubUnreachableError(f"the connection to {self._peer} at {self.where} broke")
        why = (error.strerror if isinstance(error, OSError) else None) or type(error).__name__
        return HubUnreachableError(f"{self._peer} at {self.where} cannot be reached: {why}")

    def forget(self) -> None:
        """Leave the connection to the parent process: this is a child."""
        self._open = None

    def close(self) -> None:
        """Close the connection; the next request opens another."""
        if self._open is not None:
            self._open.close()
            self._open = None


class HubRefusedError(HubUnreachableError):
    """The hub answered that it will not.

    Args:
        answer: its answer.
    """

    def __init__(self, answer: Answer) -> None:
        super().__init__(f"the hub answered {answer.status}")
        self.answer = answer
