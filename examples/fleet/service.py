"""What every service of the fleet shares: settings, who may call, refusals as JSON, running until a signal.

A service is an application and one call; its endpoints raise `RefusedError`, or let another service's `CallError` pass:

    narrate = Narrator("greeter")
    LIFE = life_points("greeter")

    def main() -> int:
        settings = settings_of(parser("greeter", __doc__).parse_args())
        app = application(narrate, LIFE, settings)
        app.router.add_get("/v1/greeting", greeting)
        return run("greeter", LIFE, settings, app)
"""

import argparse
import asyncio
import logging
import os
import sys
import textwrap
from collections.abc import Awaitable, Callable
from typing import Final, Literal, NamedTuple, TypeVar

import msgspec
from aiohttp import web
from aiohttp.typedefs import Middleware

from fleet.arguments import MOST_PORT, whole
from fleet.http_settings import CallError
from fleet.plain_english import what_is_wrong
from fleet.wire import Refusal
from narration_core import Catalogue, Narrator, Point, __version__, bind, configure, flush, register_field
from narration_core.bridges.aiohttp import correlate
from narration_core.bridges.stdlib import NarrationHandler
from narration_core.serving.addresses import (
    LOOPBACK,
    ConfigError,
    access_settings,
    bind_address,
    check_needs_no_token,
    url_host,
)
from narration_core.serving.auth import LOCALHOST, bearer, identity_of, is_local, same_token
from narration_core.serving.connection import ListenError, listen
from narration_core.serving.early_signals import handled_signals, ignore_signals, remember_signals, remembered_signal
from narration_core.serving.failures import Failures, not_http
from narration_core.serving.requests import BodyError, read_body
from narration_core.serving.web_guard import SAFE_METHODS, ForeignPageError, check_not_a_foreign_page

MAX_BODY: Final = 64 << 10
HEALTH: Final = "/health"


class Address:
    """Where a service listens; empty until it does."""

    url = ""


ADDRESS: Final = web.AppKey("address", Address)
_INTERNAL: Final = 500
_SHOWN: Final = 60  # of a reason in a sentence, in characters
_NOT_LET_IN: Final = {
    "MISSING_TOKEN": "it shows no token",
    "BAD_TOKEN": "its token is not the right one",
    "FORBIDDEN": "a page of another site sent the request",
}

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
T = TypeVar("T", bound=msgspec.Struct)

for _name, _type, _meaning in (
    ("address", str, "the address that a service listens on, or the caller's address"),
    ("port", int, "the port that a service listens on"),
    ("code", str, "a service's error code"),
    ("reason", str, "why it failed, in a few words"),
    ("signal", str, "the signal that was received"),
    ("repeated", int, "how often the same problem came since it was narrated last"),
):
    register_field(_name, _type, _meaning)


class RefusedError(Exception):
    """A request that a service does not fulfil: raised by an endpoint, answered as JSON.

    Args:
        status: HTTP status.
        code: for programs.
        message: for people.
        hint: what they can do about it.
        retry_after_s: when it may work, in whole seconds.
    """

    def __init__(self, status: int, code: str, message: str, hint: str = "", *, retry_after_s: int = 0) -> None:
        self.status = status
        self.refusal = Refusal(code, message, hint)
        self.retry_after_s = retry_after_s
        super().__init__(f"{code}: {message}")


class Life(NamedTuple):
    """The points that every service has."""

    ready: Point
    bind_failed: Point
    auth_refused: Point
    not_http: Point
    shutdown: Point


def life_points(actor: str) -> Life:
    """Return the points that every service has.

    Args:
        actor: the service that tells them.
    """
    points = Catalogue(actor)
    return Life(
        ready=points.point("ready", "ready", "{address}", "Listening on {address} port {port}", event="ready"),
        bind_failed=points.point(
            "bind_failed",
            "bind_failed",
            "{address}",
            "Cannot listen on {address} port {port}: {reason}; choose another --port",
            event="error",
            level="fatal",
        ),
        auth_refused=points.point(
            "auth_refused", "auth", "{address}", "Refused a caller at {address}: {reason}", level="warn"
        ),
        not_http=points.point(
            "not_http", "http", "{address}", "What came from {address} is not a valid HTTP request", level="warn"
        ),
        shutdown=points.point("shutdown", "shutdown", actor, "Shut down after {signal}", event="shutdown"),
    )


class Settings(msgspec.Struct, frozen=True):
    """Where a service listens and who may call it.

    Attributes:
        host: the address to listen on.
        port: 0 takes any free one.
        token: what callers show, and what this service shows to the others.
        auth_optional: callers on this machine need no token.
        trust_proxy: a proxy in front has checked the token already.
    """

    host: str = LOOPBACK
    port: int = 0
    token: str | None = None
    auth_optional: bool = False
    trust_proxy: bool = False


def parser(name: str, description: str | None) -> argparse.ArgumentParser:
    """Return a parser with the arguments of every service.

    Args:
        name: of the module, such as `orchestratord`.
        description: its docstring.
    """
    arguments = argparse.ArgumentParser(f"python -m fleet.{name}", description=(description or "").partition("\n")[0])
    arguments.add_argument("--host", default=os.environ.get("BIND_ADDR", LOOPBACK), help="address to listen on")
    arguments.add_argument("--port", type=whole(0, MOST_PORT), default=None, help="port; 0 takes any free one")
    return arguments


def settings_of(options: argparse.Namespace) -> Settings:
    """Return the settings of arguments and environment; wrong ones end the program with exit code 2.

    Args:
        options: what `parser` made of the arguments.
    """
    try:
        host, port = bind_address(options.host)
        access = access_settings(os.environ)
        settings = msgspec.convert({"host": host, "port": options.port or port or 0, **access}, Settings)
        check_needs_no_token(host, settings.token, "service")
    except ConfigError as error:
        sys.stderr.write(f"error: {error}\n")
        sys.exit(2)
    return settings


# -- the application ------------------------------------------------------------------------------


def application(
    narrate: Narrator, life: Life, settings: Settings, *, trust: Literal["edge", "inside"] = "inside"
) -> web.Application:
    """Return an application whose requests are told, checked for a token, and refused as JSON.

    Args:
        narrate: who tells the requests.
        life: the service's points.
        settings: who may call.
        trust: "inside" when only services of the fleet call it; "edge" for the one that users call.
    """
    app = web.Application(middlewares=[_refusals, _identity(life, settings)], client_max_size=MAX_BODY)
    correlate(app, narrate, trust=trust, skip=(HEALTH,))
    app.router.add_get(HEALTH, _health)
    app[ADDRESS] = Address()
    return app


def in_short(reason: str) -> str:
    """Return a reason as it fits a sentence; the answer to the caller has all of it."""
    return textwrap.shorten(reason, _SHOWN, placeholder=" ...")


def json_answer(body: msgspec.Struct, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    """Return an answer with a JSON body."""
    return web.Response(status=status, body=msgspec.json.encode(body), content_type="application/json", headers=headers)


async def body_of(request: web.Request, kind: type[T]) -> T:
    """Return a request's body as a type.

    Raises:
        RefusedError: 400, it is something else.
    """
    try:
        return msgspec.json.decode(await read_body(request), type=kind)
    except msgspec.ValidationError as error:
        raise RefusedError(400, "INVALID_REQUEST", what_is_wrong(error, kind)) from None
    except (msgspec.DecodeError, UnicodeError):
        raise RefusedError(400, "INVALID_REQUEST", "the body is not valid JSON") from None
    except BodyError as error:
        raise RefusedError(400, "INVALID_REQUEST", str(error)) from None


async def _health(_: web.Request) -> web.Response:
    return web.json_response({"status": "healthy"})


def _refused(status: int, refusal: Refusal, retry_after_s: float = 0.0) -> web.Response:
    headers = {"Retry-After": str(max(1, round(retry_after_s)))} if retry_after_s else {}
    if status == web.HTTPUnauthorized.status_code:
        headers["WWW-Authenticate"] = "Bearer"
    return json_answer(refusal, status, headers)


@web.middleware
async def _refusals(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer whatever is refused in one form; what nobody expected is told by `correlate` and answered by `_failed`."""
    try:
        return await handler(request)
    except (RefusedError, CallError) as error:
        return _refused(error.status, error.refusal, error.retry_after_s)
    except web.HTTPException as error:
        if error.status < web.HTTPBadRequest.status_code:
            raise
        headers = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else None
        return json_answer(Refusal(error.reason.upper().replace(" ", "_"), error.reason), error.status, headers)


def _identity(life: Life, settings: Settings) -> Middleware:
    @web.middleware
    async def identity(request: web.Request, handler: Handler) -> web.StreamResponse:
        """Let in who shows the token, and bind who it is."""
        if request.path == HEALTH:
            return await handler(request)
        try:
            who = _authenticated(settings, request)
        except RefusedError as error:
            code = error.refusal.code
            life.auth_refused(address=request.remote or "unknown", code=code, reason=_NOT_LET_IN[code])
            raise
        with bind(identity=who):
            return await handler(request)

    return identity


def _authenticated(settings: Settings, request: web.Request) -> str:
    given = bearer(request.headers)
    if settings.token is None or (
        given is None and settings.auth_optional and is_local(request.headers, request.remote)
    ):
        _check_not_a_foreign_page(settings, request)
        return LOCALHOST
    if given is None:
        raise RefusedError(
            401,
            "MISSING_TOKEN",
            "this service needs a token",
            "set AUTH_TOKEN; over HTTP, send Authorization: Bearer TOKEN",
        )
    if settings.trust_proxy or same_token(given, settings.token):
        return identity_of(given)
    raise RefusedError(401, "BAD_TOKEN", "the token is not accepted", "set AUTH_TOKEN to that of the service")


def _check_not_a_foreign_page(settings: Settings, request: web.Request) -> None:
    if request.method in SAFE_METHODS:
        return
    try:
        check_not_a_foreign_page(request.headers, settings.host)
    except ForeignPageError as error:
        raise RefusedError(403, "FORBIDDEN", str(error)) from None


# -- the process ----------------------------------------------------------------------------------


def run(name: str, life: Life, settings: Settings, app: web.Application) -> int:
    """Run a service until it is asked to stop; return the exit code: 0, or 1 when it could not start.

    Its narration goes to standard output, and to the hub when NARRATION_HUB is set.

    Args:
        name: of the service.
        life: its points.
        settings: where it listens.
        app: what it does.
    """
    remember_signals()
    configure(service=name, version=__version__)
    narrate_library_logs()
    try:
        return asyncio.run(_serve(life, settings, app))
    finally:
        flush()


def narrate_library_logs() -> None:
    """Narrate what libraries log; without a handler it would be raw text on standard error."""
    logging.basicConfig(handlers=[NarrationHandler()], level="WARNING")


async def _serve(life: Life, settings: Settings, app: web.Application) -> int:
    loop = asyncio.get_running_loop()
    stop: asyncio.Future[str] = loop.create_future()
    for number in handled_signals():
        loop.add_signal_handler(number, _stop, stop, number.name)
    if (early := remembered_signal()) is not None:
        _stop(stop, early)
    runner = web.AppRunner(app, handler_cancellation=True, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        listener, port = await listen(runner, _answer_failure(life), settings.host, settings.port)
    except ListenError as error:
        life.bind_failed(address=settings.host, port=settings.port, reason=str(error).lower(), error_kind=error.kind)
        await runner.cleanup()
        return 1
    app[ADDRESS].url = f"http://{url_host(settings.host)}:{port}"
    try:
        life.ready(address=settings.host, port=port)
        signal = await stop
    finally:
        listener.close()
        await runner.cleanup()
        ignore_signals(loop)
    life.shutdown(signal=signal)
    return 0


def _stop(stop: "asyncio.Future[str]", name: str) -> None:
    if not stop.done():
        stop.set_result(name)


def _answer_failure(life: Life) -> Callable[[web.BaseRequest, int, str], web.Response]:
    failures = Failures(life.not_http, _failed)

    def answer(request: web.BaseRequest, status: int, kind: str) -> web.Response:
        """Answer what failed; where an endpoint did, `correlate` has told it in the request's own story."""
        return _failed(status, kind) if status >= _INTERNAL else failures(request, status, kind)

    return answer


def _failed(status: int, kind: str) -> web.Response:
    if status >= _INTERNAL:
        return _refused(status, Refusal("INTERNAL", f"unexpected {kind}; the narration says more"))
    return _refused(status, Refusal("INVALID_REQUEST", not_http(kind)))
