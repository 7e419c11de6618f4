"""ASGI (Starlette, FastAPI, Django, ...): ids in and out, each request and its failure told in its own story."""

from collections.abc import Awaitable, Callable, Collection, MutableMapping
from typing import Any, Final

from narration_core import _exceptions as exceptions
from narration_core._configuration import flush
from narration_core._correlation import Trust
from narration_core._narrator import Narrator
from narration_core.bridges._frameworks import watch_exceptions
from narration_core.bridges._levels import Levels
from narration_core.bridges._serving import HEADER, Served, Serving, Show, own_answer

Message = MutableMapping[str, Any]
AsgiScope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[AsgiScope, Receive, Send], Awaitable[None]]

_HEADER: Final = HEADER.lower().encode()
_READ: Final = {b"x-correlation-id": "x-correlation-id", b"traceparent": "traceparent", b"baggage": "baggage"}
_STARTS: Final = frozenset(("http.response.start", "websocket.accept", "websocket.http.response.start"))
_SWITCHED: Final = 101
_REFUSED: Final = 403  # what a server answers when a websocket is closed before it was accepted
_WEBSOCKET_GONE: Final = 1006  # closed without a closing handshake (RFC 6455, 7.4.1)


class NarrationMiddleware:
    """Bind the ids of every request, tell it and what came of it, and put the correlation id on every answer.

    `app = NarrationMiddleware(app, narrate=narrate)`, or `app.add_middleware(NarrationMiddleware, narrate=narrate)`.
    An exception that nobody handles is told in the request's story, answered with the id if nothing was sent yet, and
    raised again. When the server shuts down, everything is flushed.

    Args:
        app: the application.
        narrate: who tells.
        trust: "edge": anybody may call; "inside": only services of the same system do, so their trace is continued
            and their job and session ids hold.
        levels: levels by point, such as {"request": "debug", "answer": "mute"}. The points are `request`, `answer`,
            `bad_answer`, `failure`, `cut` and `correlation_replaced`.
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

    def __getattr__(self, name: str) -> Any:
        """Return what the application has: `app.state`, `app.routes`, `app.get`."""
        if name == "app":  # a copy that is being made
            raise AttributeError(name)
        return getattr(self.app, name)

    async def __call__(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        """Serve one request, one websocket, or the life of the application."""
        self._serving.begin()
        kind = scope["type"]
        if kind == "lifespan":
            await self._live(scope, receive, send)
            return
        if kind not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        sent: dict[str, str] = {}
        for name, value in scope["headers"]:
            if name in _READ:
                sent.setdefault(_READ[name], value.decode("latin-1"))
        is_http = kind == "http"
        answer = _Answer(self._serving, sent.get, scope["method"] if is_http else "WEBSOCKET", scope["path"])
        answer.to_server = send
        answer.started = answer.whole = False
        with answer:
            if not is_http:
                answer.from_server, receive = receive, answer.receive
            try:
                await self.app(scope, receive, answer.send)
            except Exception as error:
                # Starlette's; that of whoever reads what no longer comes
                if type(error).__name__ == "ClientDisconnect":
                    answer.gone = True
                    raise
                answer.fail(error)
                if is_http and not answer.started:
                    await _answer_failure(scope, receive, answer, error)
                raise
            if is_http and answer.started and not answer.whole:
                answer.gone = True  # Starlette ends a stream in order when nobody reads it any more

    async def _live(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        """Serve the life of the application: tell what fails in it, and flush at its end."""
        phase = "startup"
        is_asked = False

        async def received() -> Message:
            nonlocal is_asked
            is_asked = True
            return await receive()

        async def sent(message: Message) -> None:
            nonlocal phase
            if message["type"] == "lifespan.startup.complete":
                phase = "shutdown"
            elif message["type"].startswith("lifespan.shutdown."):
                flush()
            await send(message)

        try:
            await self.app(scope, received, sent)
        except Exception as error:
            if is_asked:  # else it is one that has no such life, as Django: so the specification has it say that
                self._serving.points.life_failed(
                    phase=phase, error_kind=exceptions.kind(error), **exceptions.described(error)
                )
            flush()
            raise


class _Answer(Served):
    """One request and what is sent back for it.

    Attributes:
        to_server: sends a message to the server.
        from_server: receives one of a websocket.
        started: whether the answer has begun.
        whole: whether its last piece was sent.
    """

    __slots__ = ("from_server", "started", "to_server", "whole")

    to_server: Send
    from_server: Receive
    started: bool
    whole: bool

    def send(self, message: Message) -> Awaitable[None]:
        """Send a message on; the first one carries the correlation id. No coroutine of its own: it would be felt."""
        kind = message["type"]
        if kind == "http.response.body":
            self.whole = not message.get("more_body")
        elif kind in _STARTS:
            self.started = True
            self.status = message.get("status", _SWITCHED)
            headers = list(message.get("headers") or ())
            for name, _ in headers:
                if len(name) == len(_HEADER) and name.lower() == _HEADER:
                    break
            else:
                headers.append((_HEADER, self.correlation_id.encode()))
            message = {**message, "headers": headers}
        elif kind == "http.response.pathsend":
            self.whole = True
        elif kind == "websocket.close":
            self.status = message.get("code", 1000) if self.started else _REFUSED
        return self.to_server(message)

    async def receive(self) -> Message:
        """Receive a message of a websocket."""
        message = await self.from_server()
        if message["type"] == "websocket.disconnect":
            self.status = message.get("code", _WEBSOCKET_GONE)
        return message


async def _answer_failure(scope: AsgiScope, receive: Receive, answer: _Answer, error: Exception) -> None:
    """Answer a request whose handler failed.

    Inside Starlette, its own answer to failures would be sent past this middleware, and so without the id.
    """
    starlette: Any = scope.get("app")
    if getattr(starlette, "debug", False):
        return
    handlers = getattr(starlette, "exception_handlers", None) or {}
    handler = handlers.get(500) or handlers.get(Exception)
    if handler is not None:
        from starlette.concurrency import run_in_threadpool  # noqa: PLC0415 - only inside Starlette
        from starlette.requests import Request  # noqa: PLC0415

        request = Request(scope, receive)
        made = handler(request, error) if _is_async(handler) else run_in_threadpool(handler, request, error)
        await (await made)(scope, receive, answer.send)
        return
    body = own_answer(answer.correlation_id)
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(body)).encode())]
    await answer.send({"type": "http.response.start", "status": 500, "headers": headers})
    await answer.send({"type": "http.response.body", "body": body})


def _is_async(function: Any) -> bool:
    import inspect  # noqa: PLC0415 - costs milliseconds at import

    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(type(function).__call__)
