"""What has changed since other hubs were told last."""

from collections.abc import Iterable


class Changes:
    """Names of what has changed, each once, the oldest first. Nothing is noted before the first `track`."""

    def __init__(self) -> None:
        self._names: dict[str, None] | None = None

    def track(self, names: Iterable[str]) -> None:
        """Note from now on what changes; these names have changed already."""
        if self._names is None:
            self._names = {}
        self._names.update(dict.fromkeys(names))

    def note(self, name: str) -> None:
        """Note a name."""
        if self._names is not None:
            self._names[name] = None

    def take(self, most: int) -> list[str]:
        """Return the names that were noted since they were taken last, at most so many."""
        names = self._names or {}
        some = [name for name, _ in zip(names, range(most), strict=False)]
        for name in some:
            del names[name]
        return some
