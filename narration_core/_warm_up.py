"""Getting ready before the first event, for servers that would rather start later than answer later."""

from narration_core._first_use import ensure_configured
from narration_core._pipeline import PIPELINE


def warm_up() -> None:
    """Compile everything that redaction needs, and return when the fastest engine answers.

    Without it the first event waits some milliseconds, and a thread compiles the fastest engine a little later.
    Nothing is ever emitted unredacted in between. Call it after `configure`.
    """
    ensure_configured()
    PIPELINE.settings.redactor.warm_up()
