"""structlog: a last processor that narrates."""

import sys
from collections.abc import MutableMapping
from typing import Any

from narration_core import _exceptions as exceptions
from narration_core._event import FIELD_SET, HEAD, Event
from narration_core._levels import parse_level
from narration_core._pipeline import PIPELINE
from narration_core._text import to_name


class NarrationProcessor:
    """Put it last in `structlog.configure(processors=[..., NarrationProcessor("my-service")])`.

    The event text is the sentence; keys that the taxonomy has become fields, the others extra fields.

    Args:
        actor: who acts when the logger has no name.
    """

    def __init__(self, actor: str = "structlog") -> None:
        self._actor = to_name(actor)

    def __call__(self, logger: Any, method: str, event_dict: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        """Narrate the event and end structlog's own chain.

        Raises:
            structlog.DropEvent: always; that is how a processor says that the event is dealt with.
        """
        from structlog import DropEvent  # noqa: PLC0415 - optional

        PIPELINE.relay(self._event(logger, method, dict(event_dict)))
        raise DropEvent

    def _event(self, logger: Any, method: str, given: dict[str, Any]) -> Event:
        human = str(given.pop("event", ""))
        given.pop("timestamp", None)
        try:
            level = parse_level(str(given.pop("level", method)))
        except ValueError:
            level = "error" if method == "exception" else "info"
        error = given.pop("exc_info", None)
        if error and not isinstance(error, tuple | BaseException):  # exc_info=True: the exception being handled
            error = sys.exception()
        error = error[1] if isinstance(error, tuple) else error
        if isinstance(error, BaseException):
            given.setdefault("error_kind", exceptions.kind(error))
            for name, value in exceptions.described(error).items():
                given.setdefault(name, value)
        actor = given.pop("actor", None) or getattr(logger, "name", None) or given.pop("logger", None) or self._actor
        action = given.pop("action", None) or "log"
        target = str(given.pop("target", None) or actor)
        known = {name: value for name, value in given.items() if name in FIELD_SET and name not in HEAD}
        return Event(
            level=level,
            actor=to_name(str(actor)),
            action=to_name(str(action)),
            target=target,
            human=human,
            extra={name: value for name, value in given.items() if name not in known},
            **known,
        )
