"""What every bridge of a server does with a request: bind its ids, tell its start, its end and its failure."""

from collections.abc import Callable, Collection, Mapping
from contextvars import ContextVar, Token
from typing import Any, Final, Self

from narration_core import _exceptions as exceptions
from narration_core._catalogue import Catalogue
from narration_core._correlation import Trust, accepted, check_trust
from narration_core._narrator import Narrator
from narration_core._scope import Entered, StackedScope, current
from narration_core._taxonomy import register_field
from narration_core.bridges._levels import Levels, checked, level_of, unless_muted
from narration_core.bridges._printed_logs import tell_printed_logs
from narration_core.bridges._request import SERVER_FAULT, SHOWN, in_short, inbound_scope

POINTS: Final = frozenset(("request", "answer", "bad_answer", "failure", "cut", "correlation_replaced"))
HEADER: Final = "X-Correlation-Id"
_CLOSE_CODES: Final = 1000  # of websockets, from here on
_LONGEST_METHOD: Final = 20

register_field("phase", str, "a part of the life of an application: startup or shutdown")
register_field("path", str, "the whole path of a request that is shown in short")
register_field("link", str, "the traceparent that came from outside: noted, not continued")

Show = Callable[[str], str]
Header = Callable[[str], str | None]

serving: ContextVar["Served | None"] = ContextVar("narration_serving", default=None)
"""The request that is being served here, where a framework's signals need it."""


class ServerPoints:
    """The declared points of one server.

    Args:
        narrate: who tells them.
        levels: levels by the name of the point.

    Raises:
        ValueError: a point or a level does not exist.
    """

    def __init__(self, narrate: Narrator, levels: Levels | None = None) -> None:
        told = checked(levels, POINTS)
        server = Catalogue(narrate.actor)
        request = server.point(
            "request",
            "request",
            "{request}",
            "Serving {request}",
            event="request",
            level=level_of(told, "request", "info"),
            channel="request",
        )
        answer = server.point(
            "answer",
            "answer",
            "{request}",
            "Answered {request} with {status} after {duration_ms} ms",
            event="request",
            level=level_of(told, "answer", "info"),
            channel="request",
        )
        bad_answer = server.point(
            "bad_answer",
            "answer",
            "{request}",
            "Answered {request} with {status} after {duration_ms} ms",
            event="request",
            level=level_of(told, "bad_answer", "warn"),
            channel="request",
        )
        failure = server.point(
            "failure",
            "request_failed",
            "{request}",
            "Could not serve {request}: {error_kind}",
            event="request_failed",
            level=level_of(told, "failure", "error"),
            channel="request",
        )
        cut = server.point(
            "cut",
            "answer",
            "{request}",
            "Stopped serving {request} after {duration_ms} ms: its caller is gone",
            event="request",
            level=level_of(told, "cut", "info"),
            channel="request",
        )
        replaced = server.point(
            "correlation_replaced",
            "correlation_replaced",
            "{request}",
            "The caller's correlation id is not acceptable; using {correlation_id}",
            level=level_of(told, "correlation_replaced", "warn"),
            channel="lifecycle",  # told of a caller who is not known yet: never in the stream of a job that he names
        )
        self.life_failed = server.point(
            "life_failed",
            "life_failed",
            "{phase}",
            "The application failed at its {phase}: {error_kind}",
            event="life_failed",
            level="error",
        )
        self.request = unless_muted(told, request)
        self.answer = unless_muted(told, answer)
        self.bad_answer = unless_muted(told, bad_answer)
        self.failure = unless_muted(told, failure)
        self.cut = unless_muted(told, cut)
        self.replaced = unless_muted(told, replaced)
        # A span that no event tells of would be a hole between the caller's and those inside.
        self.has_span = {told.get("request"), told.get("answer")} != {"mute"}


class Serving:
    """How one server treats its requests.

    Args:
        narrate: who tells what happens.
        trust: "edge" or "inside"; see `narration_core.accept`.
        levels: levels by the name of the point.
        skip: paths whose requests and answers are not told; what fails there still is.
        show: returns what is told of a path.
        watched: whether a framework's signals ask which request is being served.

    Raises:
        ValueError: `trust`, a point or a level does not exist.
    """

    def __init__(
        self,
        narrate: Narrator,
        trust: Trust = "edge",
        levels: Levels | None = None,
        skip: Collection[str] = (),
        show: Show | None = None,
        *,
        watched: bool = False,
    ) -> None:
        check_trust(trust)
        self.points = ServerPoints(narrate, levels)
        self.trust: Trust = trust
        self.skip = frozenset((skip,) if isinstance(skip, str) else skip)
        self.show = show
        self.watched = watched
        self._serves = False

    def begin(self) -> None:
        """Have log lines narrated that would be printed; each request says that serving has begun, the first counts."""
        if not self._serves:
            self._serves = True
            tell_printed_logs()  # not before: servers set their logging up while they start

    def shown(self, path: str) -> str:
        """Return what is told of a path."""
        if self.show is None:
            return path
        try:
            return str(self.show(path))
        except Exception:  # noqa: BLE001 - what is told of a request must not stop it
            return "?"


class Served(Entered):
    """One request: a block in which its ids are bound. No block of a generator: a server's handler is none.

    Attributes:
        correlation_id: of the request; it belongs on the answer.
        gone: whether the caller left before the answer was whole.
        status: of the answer, once it is known.

    Args:
        serving: how the server treats its requests.
        header: returns the value of a header by its name in small letters, or None.
        method: what is asked for.
        path: of what, without the query.
    """

    __slots__ = ("_began", "_failure", "_fields", "_points", "_quiet", "_refused", "_set", "_watched",
                 "correlation_id", "gone", "status")  # fmt: skip

    # Few calls and few objects on purpose, here and at the end: each request pays for them.
    def __init__(self, serving: Serving, header: Header, method: str, path: str) -> None:
        ids = accepted(header, serving.trust)
        points = self._points = serving.points
        scope = self.scope = inbound_scope(ids, has_span=points.has_span)
        self._quiet = path in serving.skip
        if serving.show is not None:
            path = serving.shown(path)
        request = f"{method} {path}"
        self._fields = fields = {"request": request}
        if len(request) > SHOWN:
            fields["request"] = in_short(f"{method[:_LONGEST_METHOD]} {path}")
            fields["path"] = path
        if ids.link:
            fields["link"] = ids.link
        self._refused = ids.refused
        self._watched = serving.watched
        self._failure: BaseException | None = None
        self.correlation_id = ids.correlation_id
        self.status: int | None = None
        self.gone = False
        self._began = scope.sources.monotonic_ns()

    def __enter__(self) -> Self:
        """Bind the ids, and tell that the request is here."""
        scope = self.scope
        if type(current.get()) is StackedScope:
            super().__init__(scope, 1)
        else:
            self._token = current.set(scope)
        if self._watched:
            self._set: Token[Served | None] = serving.set(self)
        if self._refused:
            refusal = {"correlation_id": self.correlation_id, "error_kind": "invalid_correlation_id"}
            self._points.replaced(scope, {**refusal, "request": self._fields["request"]})
        if not self._quiet:
            self._points.request(scope, self._fields)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        """Tell how the request ended, and unbind the ids."""
        try:
            if error is None:
                self._end(cut=False)
                return
            is_cancelled = exceptions.is_cancellation(error)
            if not (self.gone or is_cancelled or exceptions.is_orderly_exit(error)):
                self.fail(error)
            self._end(cut=is_cancelled)
        finally:
            self.leave()
            if self._watched:
                serving.reset(self._set)

    def fail(self, error: BaseException) -> None:
        """Tell that serving the request raised an exception; the same one is told once."""
        if self._failure is error:
            return
        self._failure = error
        exceptions.keep_ids(error, self.scope.fields)
        failure = {"error_kind": exceptions.kind(error), **exceptions.described(error)}
        self._points.failure(self.scope, {**failure, "request": self._fields["request"]})

    @property
    def ids(self) -> Mapping[str, Any]:
        """The bound fields, for what the server says of the request after its end."""
        return self.scope.fields

    def _end(self, *, cut: bool) -> None:
        scope, points, status = self.scope, self._points, self.status
        duration = (scope.sources.monotonic_ns() - self._began) // 1_000_000
        fields: dict[str, Any] = {"request": self._fields["request"], "duration_ms": duration}
        if status is None or cut or self.gone:
            if self._failure is None and not self._quiet:
                points.cut(scope, fields)
            return
        fields["status"] = status
        if SERVER_FAULT <= status < _CLOSE_CODES and self._failure is None:
            fields["error_kind"] = f"http_{status}"
            points.bad_answer(scope, fields)
        elif not self._quiet:
            points.answer(scope, fields)


def own_answer(correlation_id: str) -> bytes:
    """Return the text that answers a request whose handler failed."""
    return f"Internal Server Error\nX-Correlation-Id: {correlation_id}\n".encode()
