"""requests: ids sent along, each call and what came of it told. Import this only where requests is installed."""

from typing import Any, TypeVar
from urllib.parse import urlsplit

from requests import PreparedRequest, Response, Session
from requests.adapters import HTTPAdapter
from urllib3.exceptions import MaxRetryError

from narration_core._correlation import Trust
from narration_core._narrator import Narrator
from narration_core.bridges._calling import Call, Calling
from narration_core.bridges._levels import Levels

S = TypeVar("S", bound=Session)


class NarrationAdapter(HTTPAdapter):
    """A transport adapter that sends the bound ids with every call, and tells the call and what came of it.

    Args:
        narrate: who tells.
        trust: "inside" if only services of the same system are called: they get the job and session id as well.
        levels: levels by point, such as {"call": "mute"}. The points are `call`, `answer`, `bad_answer`, `failure`.
        options: those of `HTTPAdapter`, such as `max_retries`.

    Raises:
        ValueError: `trust`, a point or a level does not exist.
    """

    def __init__(
        self, narrate: Narrator, *, trust: Trust = "edge", levels: Levels | None = None, **options: Any
    ) -> None:
        self._calling = Calling(narrate, trust, levels)
        super().__init__(**options)

    def send(self, request: PreparedRequest, *args: Any, **options: Any) -> Response:
        """Send one request; a redirect is a call of its own."""
        url = urlsplit(request.url or "")
        call = Call(self._calling, request.method or "GET", f"{url.netloc.rpartition('@')[2]}{url.path}")
        request.headers.update(call.missing_in(request.headers))
        try:
            response = super().send(request, *args, **options)
        except BaseException as error:
            call.failed(error, self._given_up(error))
            raise
        call.answered(response.status_code, _retries(response.raw))
        return response

    def _given_up(self, error: BaseException) -> int:
        """Return how often a call was tried again that failed in the end: as often as is allowed."""
        cause = error.args[0] if error.args else None
        return int(self.max_retries.total or 0) if isinstance(cause, MaxRetryError) else 0


def narrated(
    session: S, narrate: Narrator, *, trust: Trust = "edge", levels: Levels | None = None, **options: Any
) -> S:
    """Give a session a `NarrationAdapter` for http and https, and return it.

    Args:
        session: the session.
        narrate: who tells.
        trust: see `NarrationAdapter`.
        levels: see `NarrationAdapter`.
        options: those of `HTTPAdapter`, such as `max_retries`.

    Raises:
        ValueError: `trust`, a point or a level does not exist.
    """
    adapter = NarrationAdapter(narrate, trust=trust, levels=levels, **options)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session


def _retries(response: Any) -> int:
    """Return how often urllib3 tried again; its history has one entry for each attempt that was given up."""
    return len(getattr(getattr(response, "retries", None), "history", ()))
