"""The public names of the packages, with their signatures and docstrings."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final

import griffe

from tools.reference.markdown import code, line, signature, table, text

ROOT: Final = Path(__file__).resolve().parents[2]
SEARCHED: Final = [ROOT / folder for folder in (".", "capture", "worker", "hub", "ci")]

MODULES: Final[dict[str, tuple[str, ...]]] = {
    "core": (
        "narration_core",
        "narration_core.sinks",
        "narration_core.redaction",
        "narration_core.following",
        "narration_core.contract",
        "narration_core.tap",
        "narration_core.environment",
        "narration_core.nouns",
    ),
    "bridges": tuple(
        f"narration_core.bridges.{path.stem}"
        for path in sorted((ROOT / "narration_core" / "bridges").glob("[a-z]*.py"))
    ),
    "capture": ("narration_capture",),
    "client": ("narration_worker.client",),
}
"""The modules of each page."""

NOT_SHOWN: Final = {
    "narration_core.bridges": "its modules have a page",
    "narration_core.cli": "the commands have a page",
    "narration_core.following.normalise": "narration_capture hands its names on",
    "narration_core.following.shape": "shared by our own packages",
    "narration_core.serving": "shared by our own services",
}
"""Public modules of narration_core that have no page of their own, and why."""

_WIDTH: Final = 100


def page(name: str, title: str, intro: str) -> str:
    """Return a page as Markdown.

    Args:
        name: of the page in `MODULES`.
        title: its title.
        intro: what stands below it.
    """
    lines = [f"# {title}", "", intro, ""]
    for module in MODULES[name]:
        lines += _module(_load(module), module)
    return "\n".join(lines)


def public(module: Any) -> list[str]:
    """Return the public names of a module: its `__all__`, or what it defines itself, as the source has it."""
    if module.exports:
        return [str(name) for name in module.exports]
    own = [name for name, member in module.members.items() if not name.startswith("_") and not member.is_alias]
    return [name for name in own if module.members[name].has_docstring]


@cache
def _loader() -> griffe.GriffeLoader:
    """Return a loader that has read all packages, so that names which one hands on from another are found."""
    loader = griffe.GriffeLoader(search_paths=SEARCHED, docstring_parser="google")
    for package in dict.fromkeys(module.partition(".")[0] for modules in MODULES.values() for module in modules):
        loader.load(package)
    return loader


def _load(module: str) -> Any:
    return _loader().modules_collection[module]


def _module(module: Any, name: str) -> Iterator[str]:
    yield from (f"## {name}", "")
    if module.docstring:
        yield from (text(module.docstring.value), "")
    for each in public(module):
        yield from _object(module[each], each, "###")


def _object(found: Any, name: str, level: str) -> Iterator[str]:
    found = found.final_target if found.is_alias else found
    yield from (f"{level} {code(name)}", "")
    yield from _signature(found, name)
    yield from _docstring(found)
    if found.is_class:
        for member_name, member in found.members.items():
            if member_name.startswith("_") or member.is_alias or not member.has_docstring or member.is_class:
                continue
            yield from _object(member, f"{name}.{member_name}", f"{level}#")


def _signature(found: Any, name: str) -> list[str]:
    if found.is_class:
        shown = found.signature(name=name) or ""
        return signature(shown) if "(" in shown else []
    own_name = name.rpartition(".")[2]
    if found.is_function:
        return signature(("async " if "async" in found.labels else "") + found.signature(name=own_name))
    kind = f": {found.annotation}" if found.annotation is not None and str(found.annotation) != "Final" else ""
    value = str(found.value) if found.value is not None and "property" not in found.labels else ""
    value = f" = {value}" if value and len(value) < _WIDTH else ""
    return signature(f"{own_name}{kind}{value}") if kind or value else []


def _docstring(found: Any) -> Iterator[str]:
    for section in found.docstring.parsed if found.docstring else ():
        kind = section.kind.value
        if kind == "text":
            yield from (text(section.value), "")
        elif kind in {"returns", "yields"}:
            for item in section.value:
                yield from (f"**{kind.capitalize()}:** {line(item.description)}", "")
        elif kind == "raises":
            yield from table(
                ("raises", "when"), ((code(item.annotation), line(item.description)) for item in section.value)
            )
        elif kind in {"parameters", "other parameters", "attributes"}:
            title = "attribute" if kind == "attributes" else "argument"
            yield from table((title, "meaning"), ((code(item.name), line(item.description)) for item in section.value))
        else:
            raise ValueError(f"{found.path}: the reference does not know sections of the kind {kind!r} yet")
