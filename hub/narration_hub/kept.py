"""What is kept and can be read again: stories, texts, the latest lines; from the store, or from memory without one."""

import asyncio
from collections.abc import Container, Iterator
from itertools import accumulate, chain, takewhile
from typing import Final

from narration_core import encode
from narration_core.following import ID_FIELDS, MAX_HITS, belonging
from narration_hub import wire
from narration_hub.engine import Engine
from narration_hub.intake import event_of
from narration_hub.search import search, search_frames
from narration_hub.store import Store
from narration_hub.streams import Scope
from narration_hub.wire import StoryLine

_SCOPES: Final[tuple[Scope, ...]] = ("story", "job")
MOST_STORY_BYTES: Final = 64 << 20
"""How many bytes of lines one story has at most; it takes about ten times as much memory while it is sent."""

_FRAMES: Final = 200  # events in memory that are written as JSON at once


class Kept:
    """Reads what is kept.

    Args:
        engine: remembers what other hubs took in.
        store: keeps what this hub took in; None when only memory does.
    """

    def __init__(self, engine: Engine, store: Store | None) -> None:
        self._engine = engine
        self._store = store

    async def story(self, ids: list[str]) -> wire.Story:
        """Return what happened to ids of any kind, in the order of arrival.

        Args:
            ids: correlation, job, trace, session, task or span ids; more than one when a story was widened.
        """
        recalled: dict[str, bytes] = {}
        for name in ids:
            for scope in _SCOPES:
                recalled.update({one.key: one.frame for one in await self._engine.recall(scope, name)})
        if self._store is None:
            needles = [name.encode() for name in ids]
            elsewhere = set(recalled.values())
            frames = [frame for frame in self._engine.streams.everything.frames() if frame not in elsewhere]
            lines = [
                StoryLine(event.actor or "", event.to_dict())
                for event in (event_of(frame) for frame in frames if any(needle in frame for needle in needles))
                if any(getattr(event, field) in ids for field in ID_FIELDS)
            ]
            ring = self._engine.streams.find("story", ids[0])
            story = wire.Story(ids[0], lines, ring.first - 1 if ring is not None else 0)
        else:
            story = await asyncio.to_thread(self._story_in, self._store, ids, recalled)
            story.unread = len(self._store.shut)
        story.stores = self._engine.stores()
        story.lines += [StoryLine(event.actor or "", event.to_dict()) for event in map(event_of, recalled.values())]
        return story

    @staticmethod
    def _story_in(store: Store, ids: list[str], elsewhere: Container[str]) -> wire.Story:
        lines: list[StoryLine] = []
        missed = size = 0

        def read() -> Iterator[bytes]:
            nonlocal size
            for line in store.lines_with(ids):
                size += len(line)
                yield line

        for line in belonging(read(), ids):
            if line.event is None:
                continue
            fields = line.event.to_dict()
            mark = fields.pop("hub", None)
            if isinstance(mark, dict) and f"{mark.get('owner')}/{mark.get('event_id')}" in elsewhere:
                continue
            producer = mark.get("producer") if isinstance(mark, dict) else None
            if len(lines) < MAX_HITS and size <= MOST_STORY_BYTES:
                lines.append(StoryLine(str(producer or line.service), fields))
            else:
                missed += 1
        return wire.Story(ids[0], lines, missed)

    def search(self, text: str, most: int) -> Iterator[wire.Found]:
        """Yield where a text occurs in all that is kept; each step takes a moment, and none needs the event loop.

        Args:
            text: what to find.
            most: so many events are enough.
        """
        store = self._store
        if store is None:
            yield from search_frames(self._engine.streams.everything.frames(), text, most)
            return
        for found in search(reversed(store.segments()), text, most, store.leave):
            found.unread = len(store.shut)
            yield found

    def blocks(self, last: int | None) -> Iterator[bytes]:
        """Return the lines that are kept, oldest first, in blocks of whole lines; none of them needs the event loop.

        Args:
            last: only about so many bytes of the end; None yields all.
        """
        if self._store is not None:
            return self._store.blocks(last)
        return _blocks_of(self._engine.streams.everything.frames(), last)

    async def recent(self, last: int) -> Iterator[bytes]:
        """Return the latest lines of all hubs in blocks: those of other hubs, as far as they can be had, come first.

        Args:
            last: about so many bytes of this hub's, and of all others' together.
        """
        others = await self._engine.recall_others()
        return chain(_blocks_of(others, last), self.blocks(last))


def _blocks_of(frames: list[bytes], last: int | None) -> Iterator[bytes]:
    """Return the lines of frames in blocks; with `last`, about so many bytes of the end."""
    if last is not None:
        kept = takewhile(lambda size: size <= last, accumulate(len(frame) for frame in reversed(frames)))
        frames = frames[len(frames) - sum(1 for _ in kept) :]
    parts = (frames[start : start + _FRAMES] for start in range(0, len(frames), _FRAMES))
    return (b"".join(encode(event_of(frame)) + b"\n" for frame in part) for part in parts)
