"""The index page of a proof bundle."""

from datetime import UTC, datetime
from html import escape
from typing import Final
from urllib.parse import quote

from narration_ci.formats.html import POLICY, asset
from narration_ci.measure.measurement import Measurement
from narration_ci.proof.bundle import KINDS, Bundle, Part
from narration_core.nouns import counted

_SHOWN_BYTES: Final = 32 * 1024


def _file(bundle: Bundle, path: str) -> str:
    """Return a file as a link, and its text if that is short: browsers download files of unknown types."""
    link = f'<a href="{quote(path)}"><code>{escape(path)}</code></a>'
    file = bundle.folder / path
    if path.startswith("coverage/") or file.stat().st_size > _SHOWN_BYTES:
        return f"<li>{link}</li>"
    text = escape(file.read_text("utf-8", errors="replace"))
    return f"<li><details><summary>{link}</summary><pre>{text}</pre></details></li>"


def _part(bundle: Bundle, part: Part) -> str:
    title = f"<h2>{escape(KINDS[part.kind])}</h2>"
    if not part.files:
        return f'{title}<p class="soft">This part is empty.</p>'
    found = f"<p>{escape(part.found)}</p>" if part.found else ""
    listed = f"<ul>{''.join(_file(bundle, path) for path in part.files)}</ul>"
    few = len(part.files) <= 12  # noqa: PLR2004 - as many as fit on a screen
    return (
        f"{title}{found}{listed if few else f'<details><summary>{len(part.files)} files</summary>{listed}</details>'}"
    )


def _findings(bundle: Bundle) -> str:
    if not bundle.findings:
        return '<div class="verdict"><strong>All checks passed.</strong></div>'
    items = "".join(
        f"<li><code>{escape(entry.place)}</code> {escape(entry.what)}<br>"
        f'<span class="soft">{escape(entry.why)}</span></li>'
        for entry in bundle.findings
    )
    return f'<div class="verdict no"><strong>Some checks failed.</strong><ul>{items}</ul></div>'


def render(measurement: Measurement, bundle: Bundle) -> str:
    """Return the page: which checks passed, which failed, and a link to every file.

    Args:
        measurement: of the project.
        bundle: the files and findings.
    """
    records = measurement.records
    scenarios = [entry for entry in records.tests if entry.scenario is not None]
    counts = {
        state: sum(entry.outcome == state for entry in records.tests) for state in ("passed", "failed", "skipped")
    }
    ran = ", ".join(f"{count} {state}" for state, count in counts.items() if count)
    totals = measurement.coverage.totals
    began = datetime.fromtimestamp(records.run.started_at_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M UTC")
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Proof of run {escape(bundle.folder.name)}</title><style>\n{asset('page.css')}</style></head>\n<body>\n"
        f"<header><h1>Proof of run <code>{escape(bundle.folder.name)}</code></h1>"
        f'<p class="figure">{totals.shown}</p><p>of {totals.declared} points asserted, on {began}. '
        f"{counted(len(records.tests), 'test')}, {len(scenarios)} of them scenarios: {ran}.</p></header>\n"
        f"{_findings(bundle)}\n{''.join(_part(bundle, part) for part in bundle.parts)}\n"
        '<p class="soft">Checksums: <a href="SHA256SUMS">SHA256SUMS</a></p></body></html>\n'
    )
