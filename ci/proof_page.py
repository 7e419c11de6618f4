"""The index page of a proof bundle."""

from html import escape
from urllib.parse import quote

from ci.bundle import KINDS, Bundle, Part
from ci.formats.html import POLICY, asset
from ci.measuring import Measured


def _part(part: Part) -> str:
    title = f"<h2>{escape(KINDS[part.kind])}</h2>"
    if not part.files:
        return f'{title}<p class="soft">Nothing was left for this part.</p>'
    links = "".join(f'<li><a href="{quote(path)}"><code>{escape(path)}</code></a></li>' for path in part.files)
    few = len(part.files) <= 12  # noqa: PLR2004 - what fits on a screen
    return (
        f"{title}<ul>{links}</ul>"
        if few
        else f"{title}<details><summary>{len(part.files)} files</summary><ul>{links}</ul></details>"
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
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Proof of run {escape(bundle.folder.name)}</title><style>\n{asset('page.css')}</style></head>\n<body>\n"
        f"<header><h1>Proof of run <code>{escape(bundle.folder.name)}</code></h1>"
        f'<p class="figure">{totals.shown}</p><p>of {totals.declared} points asserted. '
        f"{len(records.tests)} tests and scenarios narrated or are scenarios ({len(scenarios)}): {ran}.</p></header>\n"
        f"{_faults(bundle)}\n{''.join(map(_part, bundle.parts))}\n"
        '<p class="soft">Checksums: <a href="SHA256SUMS">SHA256SUMS</a></p></body></html>\n'
    )
