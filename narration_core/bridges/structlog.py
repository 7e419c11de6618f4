"""structlog: a last processor that narrates."""

import sys
from collections.abc import MutableMapping
from typing import Any, Final

from narration_core import _exceptions as exceptions
from narration_core._event import FIELD_SET, HEAD, Event
from narration_core._levels import parse_level
from narration_core._pipeline import PIPELINE
from narration_core._plain_data import unmasked
from narration_core._text import to_name

_NAMES: Final = ("actor", "action", "target")


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
        human = str(unmasked(given.pop("event", "")))
        given.pop("timestamp", None)
        try:
            level = parse_level(str(unmasked(given.pop("level", method))))
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
        # Any object may stand under these names, and raise when it is asked for its truth.
        names = {name: str(unmasked(value)) for name in _NAMES if (value := given.pop(name, None)) is not None}
        actor = names.get("actor") or getattr(logger, "name", None)
        actor = str(unmasked(actor or given.pop("logger", self._actor)))
        target = names.get("target") or actor
        known = {name: value for name, value in given.items() if name in FIELD_SET and name not in HEAD}
        return Event(
            level=level,
            actor=to_name(actor),
            action=to_name(names.get("action") or "log"),
            target=target,
            human=human,
            extra={name: value for name, value in given.items() if name not in known},
            **known,
        )
