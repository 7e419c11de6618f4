"""`narration catalogue`: the declared points of a service."""

import importlib
from importlib.metadata import entry_points

import click

from narration_core._catalogue import Catalogue
from narration_core.nouns import counted

GROUP = "narration.catalogues"


def registered() -> list[str]:
    """Return the catalogues of all installed packages, each as `module:NAME`."""
    return sorted(found.value for found in entry_points(group=GROUP))


def load(name: str) -> Catalogue:
    """Import and return the catalogue `module:name`.

    Raises:
        click.ClickException: there is no such module or catalogue.
    """
    module, _, attribute = name.partition(":")
    try:
        found = getattr(importlib.import_module(module), attribute or "POINTS")
    except (ImportError, AttributeError) as error:
        raise click.ClickException(f"cannot load the catalogue {name!r}: {error}; the form is module:NAME") from None
    if not isinstance(found, Catalogue):
        raise click.ClickException(f"{name!r} is a {type(found).__name__}, not a Catalogue")
    return found


def as_text(catalogue: Catalogue) -> str:
    """Return the catalogue as text: for each point its name and fields, then its sentences."""
    lines = [f"{catalogue.name}: {counted(len(catalogue), 'point')}"]
    for point in catalogue:
        event = f"  event={point.event}" if point.event else ""
        lines += [
            "",
            f"{point.name}  [{point.level}, {point.channel}]  {point.actor} {point.action} {point.target}{event}",
        ]
        lines.append(f"  human  {point.human}")
        lines += [f"  {kind:<5}  {text}" for kind, text in (("cute", point.cute), ("story", point.story)) if text]
    return "\n".join(lines)
