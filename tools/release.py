"""Check a release against the CHANGELOG before it is published.

    python -m tools.release v1.2.3            exit 1 if the CHANGELOG and dist/ are not those of 1.2.3
    python -m tools.release v1.2.3 --notes    print what the CHANGELOG says about 1.2.3
    python -m tools.release --docs            print the version of the documentation: 1.2 for 1.2.3

The CHANGELOG decides: its newest heading below "Unreleased" is the newest release, also for the documentation.
"""

import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
UNRELEASED: Final = "Unreleased"
_HEADING: Final = re.compile(r"^## (.+)$", re.MULTILINE)
_TAG: Final = re.compile(r"v(\d+\.\d+\.\d+(?:(?:a|b|rc)\d+)?)")
_FILES: Final = "narration_core-{0}-py3-none-any.whl", "narration_core-{0}.tar.gz"


def sections(changelog: str) -> dict[str, str]:
    """Return what stands below each heading of a CHANGELOG, in its order, the newest first.

    Args:
        changelog: its text.
    """
    _, *parts = _HEADING.split(changelog)
    return {heading.strip(): text.strip() for heading, text in zip(parts[::2], parts[1::2], strict=True)}


def newest(changelog: str) -> str:
    """Return the version of the newest release; "" before the first.

    Args:
        changelog: the text of the CHANGELOG.
    """
    return next((heading for heading in sections(changelog) if heading != UNRELEASED), "")


def faults(tag: str, changelog: str, files: Iterable[str]) -> list[str]:
    """Return why a tag must not be released, one line each.

    Args:
        tag: such as v1.2.3.
        changelog: the text of the CHANGELOG.
        files: the names of the distributions.
    """
    found = _TAG.fullmatch(tag)
    if found is None:
        return [f"the tag {tag!r} is not a version such as v1.2.3"]
    version, known = found[1], sections(changelog)
    wrong = []
    if newest(changelog) != version:
        wrong.append(f"CHANGELOG.md: the newest release is {newest(changelog) or 'missing'}, the tag says {version}")
    if not known.get(version):
        wrong.append(f"CHANGELOG.md: nothing is said about {version}")
    if known.get(UNRELEASED):
        wrong.append(f"CHANGELOG.md: some changes are still listed as unreleased; move them to {version}")
    wanted, there = {name.format(version) for name in _FILES}, set(files)
    wrong += [f"dist/{name}: missing; run `make dist` on the commit of the tag" for name in sorted(wanted - there)]
    wrong += [f"dist/{name}: is not of {version}" for name in sorted(there - wanted)]
    return wrong


def main(arguments: list[str]) -> int:
    """Check a release, or print its notes or the version of the documentation; returns the exit code."""
    changelog = (ROOT / "CHANGELOG.md").read_text("utf-8")
    if arguments == ["--docs"]:
        print(".".join(newest(changelog).split(".")[:2]))
        return 0
    tag, *options = arguments or [""]
    if options == ["--notes"]:
        print(sections(changelog).get(tag.removeprefix("v"), ""))
        return 0
    wrong = faults(tag, changelog, (path.name for path in (ROOT / "dist").glob("*")))
    print("\n".join(f"error: {line}" for line in wrong) or f"{tag}: the CHANGELOG and both distributions are of it")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
