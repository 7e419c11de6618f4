"""The gate's reasons as annotations of GitHub Actions: beside the line in the pull request."""

from collections.abc import Iterable
from typing import Final

from narration_ci.findings import Finding

# The host shows ten annotations of a step and drops the rest.
LIMIT: Final = 10


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def render(findings: Iterable[Finding]) -> str:
    """Return the first reasons as workflow commands, one a line; those without a line go to the run's summary."""
    lines = []
    for finding in list(findings)[:LIMIT]:
        path, _, line = finding.place.rpartition(":")
        where = f"file={_property(path)},line={line}," if path.endswith(".py") and line.isdigit() else ""
        lines.append(
            f"::error {where}title={_property(f'narration: {finding.rule}')}::{_data(f'{finding.what}: {finding.why}')}"
        )
    return "\n".join(lines)
