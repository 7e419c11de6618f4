"""What every bridge of a client does with a call: send the ids along, tell the call and what came of it."""

from collections.abc import Collection
from typing import Final

from narration_core import _exceptions as exceptions
from narration_core._catalogue import Catalogue
from narration_core._correlation import Trust, check_trust, headers_of
from narration_core._narrator import Narrator
from narration_core._taxonomy import register_field
from narration_core.bridges._levels import Levels, checked, level_of, unless_muted
from narration_core.bridges._request import SERVER_FAULT, SHOWN, in_short, outbound_scope

POINTS: Final = frozenset(("call", "answer", "bad_answer", "failure"))

register_field("retries", int, "how often a call was tried again")


class Calling:
    """How one client treats its calls.

    Args:
        narrate: who tells them.
        trust: "inside" if only services of the same system are called: they get the job and session id as well.
        levels: levels by the name of the point.

    Raises:
        ValueError: `trust`, a point or a level does not exist.
    """

    def __init__(self, narrate: Narrator, trust: Trust = "edge", levels: Levels | None = None) -> None:
        check_trust(trust)
        told = checked(levels, POINTS)
        client = Catalogue(narrate.actor)
        call = client.point(
            "call",
            "call",
            "{request}",
            "Calling {request}",
            event="call",
            level=level_of(told, "call", "info"),
            channel="request",
        )
        answer = client.point(
            "answer",
            "call",
            "{request}",
            "{request} answered {status} after {duration_ms} ms",
            event="call",
            level=level_of(told, "answer", "info"),
            channel="request",
        )
        bad_answer = client.point(
            "bad_answer",
            "call",
            "{request}",
            "{request} answered {status} after {duration_ms} ms",
            event="call",
            level=level_of(told, "bad_answer", "warn"),
            channel="request",
        )
        failure = client.point(
            "failure",
            "call_failed",
            "{request}",
            "No answer from {request}: {error_kind}",
            event="call_failed",
            level=level_of(told, "failure", "warn"),
            channel="request",
        )
        self.trust: Trust = trust
        self.call = unless_muted(told, call)
        self.answer = unless_muted(told, answer)
        self.bad_answer = unless_muted(told, bad_answer)
        self.failure = unless_muted(told, failure)
        self.has_span = {told.get("call"), told.get("answer")} != {"mute"}


class Call:
    """One call to another service. Creating it tells that it begins.

    Attributes:
        headers: what to send along.

    Args:
        calling: how the client treats its calls.
        method: what is asked for.
        place: of what: host and path, without user, password and query.
    """

    __slots__ = ("_began", "_calling", "_request", "_scope", "headers")

    def __init__(self, calling: Calling, method: str, place: str) -> None:
        scope = self._scope = outbound_scope(has_span=calling.has_span)
        self.headers = headers_of(scope, calling.trust)
        request = f"{method} {place}"
        self._request = request if len(request) <= SHOWN else in_short(request)
        self._calling = calling
        self._began = scope.sources.monotonic_ns()
        calling.call(scope, {"request": self._request})

    def answered(self, status: int, retries: int = 0) -> None:
        """Tell what the other side answered.

        Args:
            status: the HTTP status.
            retries: how often the call was tried again before.
        """
        scope = self._scope
        duration = (scope.sources.monotonic_ns() - self._began) // 1_000_000
        ending = {"request": self._request, "duration_ms": duration, "status": status}
        if retries:
            ending["retries"] = retries
        if status >= SERVER_FAULT:
            ending["error_kind"] = f"http_{status}"
            self._calling.bad_answer(scope, ending)
        else:
            self._calling.answer(scope, ending)

    def failed(self, error: BaseException, retries: int = 0) -> None:
        """Tell that no answer came.

        Args:
            error: what was raised.
            retries: how often the call was tried again before.
        """
        failure = {"error_kind": exceptions.kind(error), **exceptions.described(error)}
        duration = (self._scope.sources.monotonic_ns() - self._began) // 1_000_000
        ending = {"request": self._request, "duration_ms": duration, **({"retries": retries} if retries else {})}
        self._calling.failure(self._scope, {**ending, **failure})

    def missing_in(self, sent: Collection[str]) -> dict[str, str]:
        """Return those headers that the caller has not set himself.

        Args:
            sent: the names of the headers that he has set; they are compared as this collection compares them.
        """
        return {name: value for name, value in self.headers.items() if name not in sent}
