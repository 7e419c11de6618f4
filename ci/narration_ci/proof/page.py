"""The index page of a proof bundle."""

from datetime import UTC, datetime
from html import escape
from typing import Final
from urllib.parse import quote

from narration_ci.formats.html import POLICY, asset
from narration_ci.measure.gate import counted
from narration_ci.measure.project import Measured
from narration_ci.proof.bundle import KINDS, Bundle, Part

_SHOWN_BYTES: Final = 32 * 1024


def _file(bundle: Bundle, path: str) -> str:
    """Return a file as a link, and its text where that is short: browsers offer to save what they do not know."""
    link = f'<a href="{quote(path)}"><code>{escape(path)}</code></a>'
    file = bundle.folder / path
    if path.startswith("coverage/") or file.stat().st_size > _SHOWN_BYTES:
        return f"<li>{link}</li>"
    text = escape(file.read_text("utf-8", errors="replace"))
    return f"<li><details><summary>{link}</summary><pre>{text}</pre></details></li>"


def _part(bundle: Bundle, part: Part) -> str:
    title = f"<h2>{escape(KINDS[part.kind])}</h2>"
    if not part.files:
        return f'{title}<p class="soft">Nothing was left for this part.</p>'
    found = f"<p>{escape(part.found)}</p>" if part.found else ""
    listed = f"<ul>{''.join(_file(bundle, path) for path in part.files)}</ul>"
    few = len(part.files) <= 12  # noqa: PLR2004 - what fits on a screen
    return (
        f"{title}{found}{listed if few else f'<details><summary>{len(part.files)} files</summary>{listed}</details>'}"
    )


def _faults(bundle: Bundle) -> str:
    if not bundle.faults:
        return '<div class="verdict"><strong>Everything that was checked holds.</strong></div>'
    items = "".join(
        f'<li><code>{escape(one.place)}</code> {escape(one.what)}<br><span class="soft">{escape(one.why)}</span></li>'
        for one in bundle.faults
    )
    return f'<div class="verdict no"><strong>This run does not prove enough.</strong><ul>{items}</ul></div>'


def render(measured: Measured, bundle: Bundle) -> str:
    """Return the page: what holds, what does not, and a link to every file.

    Args:
        measured: the project.
        bundle: what was gathered.
    """
    records = measured.records
    scenarios = [one for one in records.tests if one.scenario is not None]
    counts = {state: sum(one.outcome == state for one in records.tests) for state in ("passed", "failed", "skipped")}
    ran = ", ".join(f"{count} {state}" for state, count in counts.items() if count)
    totals = measured.coverage.totals
    began = datetime.fromtimestamp(records.run.started_at_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M UTC")
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Proof of run {escape(bundle.folder.name)}</title><style>\n{asset('page.css')}</style></head>\n<body>\n"
        f"<header><h1>Proof of run <code>{escape(bundle.folder.name)}</code></h1>"
        f'<p class="figure">{totals.shown}</p><p>of {totals.declared} points asserted, on {began}. '
        f"{counted(len(records.tests), 'test')}, {len(scenarios)} of them scenarios: {ran}.</p></header>\n"
        f"{_faults(bundle)}\n{''.join(_part(bundle, part) for part in bundle.parts)}\n"
        '<p class="soft">Checksums: <a href="SHA256SUMS">SHA256SUMS</a></p></body></html>\n'
    )
