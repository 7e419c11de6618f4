"""WSGI (Flask, Django, ...): ids in and out, each request and its failure told in its own story."""

from collections.abc import Callable, Collection, Iterable, Iterator
from contextvars import Context, copy_context
from typing import Any, Final

from narration_core._correlation import Trust
from narration_core._narrator import Narrator
from narration_core.bridges._frameworks import watch_exceptions
from narration_core.bridges._levels import Levels
from narration_core.bridges._serving import HEADER, Served, Serving, Show, own_answer

Environ = dict[str, Any]
Headers = list[tuple[str, str]]
StartResponse = Callable[..., Callable[[bytes], object]]
App = Callable[[Environ, StartResponse], Iterable[bytes]]

_VARIABLES: Final = {
    "x-correlation-id": "HTTP_X_CORRELATION_ID",
    "traceparent": "HTTP_TRACEPARENT",
    "baggage": "HTTP_BAGGAGE",
}

IDS: Final = "narration.ids"
"""The key of `environ` under which the bound fields are, for the server's access log."""


class NarrationMiddleware:
    """Bind the ids of every request, tell it and what came of it, and put the correlation id on every answer.

    `app.wsgi_app = NarrationMiddleware(app.wsgi_app, narrate=narrate)` in Flask,
    `application = NarrationMiddleware(get_wsgi_application(), narrate=narrate)` in Django. The ids hold until the last
    byte of the answer. An exception that nobody handles is told in the request's story and answered with the id; one
    that Flask or Django answers is told as well.

    Args:
        app: the application.
        narrate: who tells.
        trust: "edge": anybody may call; "inside": only services of the same system do, so their trace is continued
            and their job and session ids hold.
        levels: levels by point, such as {"request": "debug", "answer": "mute"}; see `asgi.NarrationMiddleware`.
        skip: paths whose requests and answers are not told, such as "/health"; what fails there still is.
        show: returns what is told of a path, where a path holds names of people; all of it when absent.

    Raises:
        ValueError: `trust`, a point or a level does not exist.
    """

    def __init__(
        self,
        app: App,
        *,
        narrate: Narrator,
        trust: Trust = "edge",
        levels: Levels | None = None,
        skip: Collection[str] = (),
        show: Show | None = None,
    ) -> None:
        self.app = app
        self._serving = Serving(narrate, trust, levels, skip, show, watched=watch_exceptions())

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Serve one request."""
        self._serving.begin()
        # The ids hold while the server reads the answer, piece by piece, perhaps among those of others.
        return _Answer(self.app, self._serving, environ, start_response, copy_context())


class _Answer:
    """The answer to one request, made inside the request's own context."""

    def __init__(
        self, app: App, serving: Serving, environ: Environ, start_response: StartResponse, context: Context
    ) -> None:
        self._context = context
        self._start_response = start_response
        self._served = context.run(_taken, serving, environ)
        self._ended = False
        # Whether the answer was read to its end, and how many bytes are still to come where that is known.
        self._whole = environ.get("REQUEST_METHOD") == "HEAD"
        self._left: int | None = None
        environ[IDS] = self._served.ids
        try:
            self._body: Iterable[bytes] = context.run(app, environ, self._start)
            self._pieces: Iterator[bytes] = context.run(iter, self._body)
        except Exception as error:  # noqa: BLE001 - told, and answered
            self._body = self._answer_to(error)
            self._pieces = iter(self._body)
        except BaseException as error:
            self._end(error)
            raise

    def _start(self, status: str, headers: Headers, *more: Any) -> Callable[[bytes], object]:
        self._served.status = int(status[:3]) if status[:3].isdigit() else 0
        named = {name.lower(): value for name, value in headers}
        if named.get("content-length", "").isdigit():
            self._left = int(named["content-length"])
        if HEADER.lower() not in named:
            headers = [*headers, (HEADER, self._served.correlation_id)]
        return self._start_response(status, headers, *more)

    def _answer_to(self, error: Exception) -> tuple[bytes, ...]:
        self._context.run(self._served.fail, error)
        body = own_answer(self._served.correlation_id)
        headers = [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(body)))]
        try:
            self._start("500 Internal Server Error", headers, (type(error), error, error.__traceback__))
        except BaseException as raised:  # by the server: the headers are on the wire already
            self._end(raised)
            raise
        return (body,)

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        try:
            piece = self._context.run(next, self._pieces)
        except StopIteration:
            self._whole = True
            raise
        except BaseException as error:
            self._end(error)
            raise
        if self._left is not None:
            self._left -= len(piece)
        return piece

    def __len__(self) -> int:
        """Return how many pieces the answer has; servers add its length as a header if it is one."""
        return len(self._body)  # type: ignore[arg-type]  # without a length it raises, as it should

    def close(self) -> None:
        """End the request; the server calls this after the last piece, or when the client is gone."""
        try:
            close = getattr(self._body, "close", None)
            if close is not None:
                self._context.run(close)
        except BaseException as error:
            self._end(error)
            raise
        self._served.gone = not self._whole and (self._left is None or self._left > 0)
        self._end(None)

    def _end(self, error: BaseException | None) -> None:
        if not self._ended:
            self._ended = True
            kind = None if error is None else type(error)
            self._context.run(self._served.__exit__, kind, error, None)


def _taken(serving: Serving, environ: Environ) -> Served:
    def header(name: str) -> str | None:
        value: str | None = environ.get(_VARIABLES[name])
        return value

    # PEP 3333: the path is UTF-8 bytes, written as latin-1.
    path = (environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")).encode("latin-1", "replace")
    return Served(serving, header, environ.get("REQUEST_METHOD", ""), path.decode("utf-8", "replace")).__enter__()
