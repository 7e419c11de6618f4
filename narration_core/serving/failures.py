"""What failed outside of a service's endpoints: narrated now and then, answered each time."""

from collections.abc import Callable
from typing import Any, Final

from aiohttp import web

from narration_core.serving.repeats import Repeats

_REASONS: Final = {
    "BadHttpMethod": "its first line does not begin with a method",
    "BadStatusLine": "its first line is not a method, a path and a version",
    "ContentEncodingError": "its body is not in its Content-Encoding; gzip and deflate are read",
    "InvalidHeader": "one of its headers is not valid",
    "InvalidURLError": "its first line does not name a valid path",
    "LineTooLong": "its first line or one of its headers is too long",
    "TransferEncodingError": "its body is not in valid chunks",
}


def not_http(kind: str) -> str:
    """Return why a request is not valid HTTP, in plain English.

    Args:
        kind: the name of the exception.
    """
    reason = _REASONS.get(kind)
    return f"this is not a valid HTTP request{f': {reason}' if reason else ''} ({kind})"


class Failures:
    """Narrates and answers what failed outside of the endpoints, without the exception's text: it may hold a prompt.

    Whatever knocks at the port is not HTTP again and again: each kind is narrated at most once in ten seconds.

    Args:
        tell: narrates one: called with `address`, `reason`, `error_kind` and `repeated`.
        answer: returns the answer to a status and the name of an exception.
    """

    def __init__(self, tell: Callable[..., Any], answer: Callable[[int, str], web.Response]) -> None:
        self._tell = tell
        self._answer = answer
        self._repeats = Repeats()

    def __call__(self, request: web.BaseRequest, status: int, kind: str) -> web.Response:
        """Return the answer.

        Args:
            request: as much as there is of it.
            status: HTTP status.
            kind: the exception's name.
        """
        repeated = self._repeats.count(kind)
        if repeated is not None:
            address = request.remote or "unknown"
            self._tell(address=address, reason=_REASONS.get(kind, kind), error_kind=kind, repeated=repeated)
        return self._answer(status, kind)
