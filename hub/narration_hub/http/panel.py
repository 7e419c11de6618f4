"""The panel: files that are served as they are, to everybody; what they show needs a token or a ticket."""

from importlib.resources import files
from typing import Final

import msgspec
from aiohttp import web

from narration_core.contract import level_of_severity
from narration_core.following import CLOSING, HOPS, OPENING

_SCRIPTS: Final = (
    "answer", "board", "contact", "dom", "drawer", "filter", "format", "hub", "lanes", "list", "main", "model", "pace",
    "row", "saving", "search", "story", "view", "why",
)  # fmt: skip
_FILES: Final = {
    "/": ("index.html", "text/html"),
    "/panel/panel.css": ("panel.css", "text/css"),
    **{f"/panel/{name}.js": (f"{name}.js", "text/javascript") for name in _SCRIPTS},
}
_VOCABULARY: Final = "/panel/vocabulary.json"
_MOST_SEVERE: Final = 24  # OpenTelemetry's numbers are 1 to 24

PATHS: Final = frozenset((*_FILES, _VOCABULARY))
"""What anybody may fetch: it holds no event."""

# The page runs its own scripts and styles only, talks to its own hub only, and stands in no frame.
_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}


def add_routes(app: web.Application) -> None:
    """Serve the panel.

    Args:
        app: the application.
    """
    folder = files("narration_hub") / "panel"
    for path, (name, kind) in _FILES.items():
        _serve(app, path, folder.joinpath(name).read_bytes(), kind)
    severity = {level_of_severity(number): number for number in range(_MOST_SEVERE, 0, -1)}  # the least of each level
    words = {"opening": OPENING, "closing": CLOSING, "hops": HOPS, "severity": severity}
    _serve(app, _VOCABULARY, msgspec.json.encode(words), "application/json")


def _serve(app: web.Application, path: str, body: bytes, kind: str) -> None:
    charset = None if kind == "application/json" else "utf-8"

    async def serve(_: web.Request) -> web.Response:
        return web.Response(body=body, content_type=kind, charset=charset, headers=_HEADERS)

    app.router.add_get(path, serve)
