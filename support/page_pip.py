"""`pip install` on a page: nothing is installed again, but what the page asks for must be there, extras included.

`tests/packaging` installs the wheel for real, in an environment of its own.
"""

import sys
from importlib import metadata

from packaging.requirements import InvalidRequirement, Requirement


def missing(words: list[str]) -> str:
    """Return why a page's `pip` would not do, or nothing.

    Args:
        words: its arguments.
    """
    if words[:1] != ["install"]:
        return f"pip {' '.join(words)}: only `pip install` is known here"
    for word in words[1:]:
        if word.startswith("-") or word == ".":
            continue
        try:
            wanted = Requirement(word)
            there = metadata.distribution(wanted.name)
        except (InvalidRequirement, metadata.PackageNotFoundError) as error:
            return f"pip install {word}: {error or 'not installed here'}"
        if not wanted.specifier.contains(there.version, prereleases=True):
            return f"pip install {word}: here is {there.version}"
        if unknown := wanted.extras - set(there.metadata.get_all("Provides-Extra") or ()):
            return f"pip install {word}: there is no extra {', '.join(sorted(unknown))}"
    return ""


if __name__ == "__main__":
    sys.exit(missing(sys.argv[1:]) or 0)
