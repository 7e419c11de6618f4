"""`narration catalogue`: the declared points of a service, as a table."""

import importlib
from importlib.metadata import entry_points

import click

from narration_core._catalogue import Catalogue

GROUP = "narration.catalogues"


def registered() -> list[str]:
    """Return the catalogues of all installed packages, each as `module:NAME`."""
    return sorted(found.value for found in entry_points(group=GROUP))


def load(name: str) -> Catalogue:
    """Return the catalogue that `module:name` stands for.

    Raises:
        click.ClickException: there is no such module or catalogue.
    """
    module, _, attribute = name.partition(":")
    try:
        found = getattr(importlib.import_module(module), attribute or "POINTS")
    except (ImportError, AttributeError) as error:
        raise click.ClickException(f"no catalogue at {name!r}: {error}; write it as module:NAME") from None
    if not isinstance(found, Catalogue):
        raise click.ClickException(f"{name!r} is a {type(found).__name__}, not a Catalogue")
    return found


def as_text(catalogue: Catalogue) -> str:
    """Return the catalogue as text: a line for each point's address, then its sentences."""
    lines = [f"{catalogue.name}: {len(catalogue)} points"]
    for point in catalogue:
        event = f"  event={point.event}" if point.event else ""
        lines += [
            "",
            f"{point.name}  [{point.level}, {point.channel}]  {point.actor} {point.action} {point.target}{event}",
        ]
        lines.append(f"  human  {point.human}")
        lines += [f"  {kind:<5}  {said}" for kind, said in (("cute", point.cute), ("story", point.story)) if said]
    return "\n".join(lines)
