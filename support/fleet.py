"""What the fleet's tests and features share: a running fleet, and its stories in the order of cause and effect."""

import asyncio
import os
import sys
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "examples"))  # where `fleet` is found, and nothing that is installed has its name

from fleet.starting import Fleet, fleet  # noqa: E402 - as said above
from narration_core import Event, decode  # noqa: E402 - as said above

# A mutant that drops an event is noticed only after this time, so the run with mutants sets less.
PATIENCE_S: Final = float(os.environ.get("PATIENCE_S", "60"))

TOKEN: Final = "made-up-token-of-the-fleet"  # noqa: S105 - invented
ENVIRONMENT: Final = {
    "NARRATION_SOURCE_LOCATION": "1",
    "NARRATION_STRICT": "1",
    "NARRATION_LEVEL": "info",
    "AUTH_TOKEN": TOKEN,
}


class RunningFleet:
    """A fleet whose processes are read by a thread of its own, so that tests on any event loop can ask it.

    Args:
        folder: where the provisioners keep their files.
        given: what `fleet.starting.fleet` takes.
    """

    def __init__(self, folder: Path, **given: Any) -> None:
        given["environment"] = {**ENVIRONMENT, **given.get("environment", {})}
        self._folder = folder
        self._given = given
        self._fleet: Fleet | None = None
        self._failure: BaseException | None = None
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._ready = threading.Event()
        self._more = threading.Condition()  # something was narrated
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._run(),), daemon=True)

    def start(self) -> None:
        """Start everything; wait until it is ready."""
        self._thread.start()
        self._ready.wait()
        if self._failure is not None:
            raise self._failure

    async def _run(self) -> None:
        try:
            async with fleet(self._folder, on_event=self._heard, **self._given) as self._fleet:
                self._ready.set()
                await self._stop.wait()
        except BaseException as error:  # noqa: BLE001 - raised where the fleet is started
            self._failure = error
        finally:
            self._ready.set()

    def _heard(self, _: Event) -> None:
        with self._more:
            self._more.notify_all()

    def stop(self) -> None:
        """Stop everything; all lines are here then."""
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()
        self._loop.close()

    @property
    def made(self) -> Fleet:
        """The fleet."""
        if self._fleet is None:
            raise AssertionError("the fleet was not started")
        return self._fleet

    def pid_of_worker(self, worker_id: str) -> int:
        """Return the process of a worker: its arguments name it, and the pool manager that it is of."""
        wanted = (f"--worker-id\0{worker_id}\0".encode(), self.url("pool-managerd").encode())
        for process in Path("/proc").iterdir():
            if process.name.isdigit():
                try:
                    arguments = (process / "cmdline").read_bytes()
                except OSError:  # it has ended
                    continue
                if all(text in arguments for text in wanted):
                    return int(process.name)
        raise AssertionError(f"no process is worker {worker_id}")

    def url(self, name: str) -> str:
        """Return the address of a service."""
        return self.made.url(name)

    def lines(self, *names: str) -> list[bytes]:
        """Return what services narrated so far; all of them when none is named."""
        services = self.made.services
        return [line for name in names or services for line in list(services[name].lines)]

    def story(self, correlation_id: str | None) -> list[tuple[bytes, Event]]:
        """Return the lines of one request, or of none, and their events, as far as they are here."""
        wanted = (correlation_id or "").encode()
        pairs = [(line, decode(line)) for line in self.lines() if wanted in line]
        return [(line, event) for line, event in pairs if event.correlation_id == correlation_id]

    def wait_for_story(self, correlation_id: str, *closers: str) -> list[bytes]:
        """Return the lines of a request in the order of cause and effect, when all of it is here.

        That is the case when every call is answered, every request that was called is served, and these were told.

        Args:
            correlation_id: of the request.
            closers: `actor event` or `actor action` of what must be there.
        """

        def is_whole() -> bool:
            return not missing_in([event for _, event in self.story(correlation_id)], closers)

        self._wait(is_whole)
        told = self.story(correlation_id)
        missing = missing_in([event for _, event in told], closers)
        if missing:
            raise AssertionError(f"the story of {correlation_id} lacks {missing}; it has:{_sentences(told)}")
        return in_order_of_cause(told)

    def wait_for_event(self, correlation_id: str | None, **fields: object) -> Event:
        """Return the first event of a request, or of none, with these values, when it is here."""

        def found() -> Event | None:
            told = (event for _, event in self.story(correlation_id))
            return next((event for event in told if all(event.get(k) == v for k, v in fields.items())), None)

        self._wait(lambda: found() is not None)
        event = found()
        if event is None:
            told = self.story(correlation_id)
            raise AssertionError(f"{correlation_id}: nobody told {fields}; it has:{_sentences(told)}")
        return event

    def _wait(self, is_there: Callable[[], bool]) -> None:
        """Wait until something is there, but no longer than anybody has patience."""
        with self._more:
            self._more.wait_for(is_there, PATIENCE_S)


def _sentences(told: Sequence[tuple[bytes, Event]]) -> str:
    return "".join(f"\n  {event.actor} {event.action}: {event.human}" for _, event in told)


def missing_in(story: Sequence[Event], closers: Sequence[str]) -> list[str]:
    """Return what a story lacks to be whole."""
    seen = {f"{event.actor} {name}" for event in story for name in (event.action, event.event)}
    missing = [closer for closer in closers if closer not in seen]
    balance: dict[tuple[str, str | None], int] = defaultdict(int)
    served = {event.parent_span_id for event in story if event.event == "request"}
    for event in story:
        if event.event in {"call", "request", "call_failed", "request_failed"}:
            begins = event.duration_ms is None and event.event in {"call", "request"}
            balance[event.actor, event.span_id] += 1 if begins else -1
            if event.event == "call" and begins and event.span_id not in served:
                missing.append(f"the other side of {event.target}")
    return missing + [f"the end of a request of {actor}" for (actor, _), left in balance.items() if left > 0]


Told = tuple[bytes, Event]


def in_order_of_cause(told: Sequence[Told]) -> list[bytes]:
    """Return lines of several processes so that what a call causes stands right after it, whoever was faster.

    The events of one request in one process are a chapter, in the order in which they were told. It stands after the
    call that asked for it; where no call is told, after what its caller had told until then. What a process says that
    belongs to no span, as a worker that starts, stands after the line before it in the same output.
    """
    chapters = _chapters(told)
    spans = {event.span_id for _, event in told if event.span_id}
    caused: dict[str, list[list[Told]]] = defaultdict(list)
    after: dict[int, list[Told]] = {}
    roots: list[list[Told]] = []
    for (_, root), chapter in chapters.items():
        first = told.index(chapter[0])
        parent = next((event.parent_span_id for _, event in chapter if event.span_id in {root, None}), None)
        if parent in spans and parent is not None:
            caused[parent].append(chapter)
        elif not root and first:
            after[id(told[first - 1])] = chapter
        else:
            roots.append(chapter)

    def whole(chapter: list[Told]) -> Iterator[Told]:
        waiting: list[list[Told]] = []  # what this chapter caused, and does not tell as a call
        for index, pair in enumerate(chapter):
            yield pair
            if id(pair) in after:
                yield from whole(after[id(pair)])
            event = pair[1]
            followers = caused.pop(event.span_id or "", [])
            if event.event == "call" and event.duration_ms is None:
                for inner in sorted(followers, key=_began):
                    yield from whole(inner)
            else:
                waiting = sorted([*waiting, *followers], key=_began)
            until = _began(chapter[index + 1 :]) if chapter[index + 1 :] else None
            while waiting and (until is None or _began(waiting[0]) <= until):
                yield from whole(waiting.pop(0))

    return [line for chapter in sorted(roots, key=_began) for line, _ in whole(chapter)]


def _chapters(told: Sequence[Told]) -> dict[tuple[str, str], list[Told]]:
    parents: dict[tuple[str, str], str] = {}
    for _, event in told:
        if event.span_id:
            parents.setdefault((process(event), event.span_id), event.parent_span_id or "")
    chapters: dict[tuple[str, str], list[Told]] = defaultdict(list)
    before: tuple[str, str] = ("", "")
    for pair in told:
        here = process(pair[1])
        span = pair[1].span_id or pair[1].parent_span_id or ""
        while (here, parents.get((here, span), "")) in parents:
            span = parents[here, span]
        # What belongs to no span goes with the line before it, unless another process told that.
        key = before if not span and before[0] == here else (here, span)
        chapters[key].append(pair)
        before = key
    return chapters


def _began(chapter: Sequence[Told]) -> int:
    return chapter[0][1].emitted_at_ms or 0


def process(event: Event) -> str:
    """Return which process told an event; workers are told apart by their ids."""
    return f"{event.emitted_by} {event.get('worker_id') or ''}"
