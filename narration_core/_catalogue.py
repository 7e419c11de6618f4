"""Declared points: a table of everything that a service can narrate."""

from collections.abc import Iterator
from typing import Any, Final, Literal

from narration_core import _text as text
from narration_core._build import NarrationMistake
from narration_core._call_signature import Emit
from narration_core._call_site import call_site
from narration_core._emitters import point_emitter
from narration_core._fast_path_source import Declared
from narration_core._levels import EMITTING, LEVELS, LevelName
from narration_core._narrator import Narrator
from narration_core._pipeline import PIPELINE
from narration_core._scope import Scope, active_scope, current
from narration_core._settings import RANK

Channel = Literal["lifecycle", "request"]


class Point:
    """A declared point, created by `Catalogue.point`. Call it with its fields to emit it."""

    __slots__ = (
        "_fields",
        "_narrator",
        "_quick",
        "_threshold",
        "action",
        "actor",
        "channel",
        "cute",
        "event",
        "human",
        "level",
        "location",
        "name",
        "story",
        "target",
    )

    def __init__(
        self,
        name: str,
        narrator: Narrator,
        action: str,
        target: str,
        human: str,
        *,
        event: str | None,
        level: LevelName,
        cute: str | None,
        story: str | None,
        channel: Channel,
        location: str,
    ) -> None:
        self.name = name
        self.actor = narrator.actor
        self.action = action
        self.target = target
        self.human = human
        self.event = event
        self.level = level
        self.cute = cute
        self.story = story
        self.channel = channel
        self.location = location
        self._narrator = narrator
        constant = {"event": event, "cute": cute, "story": story}
        self._fields = {key: value for key, value in constant.items() if value is not None}
        declared = Declared(RANK[level], self.actor, action, {"target": target, "human": human, **self._fields})
        # An error looks for the exception being handled, which only the slow path does.
        fast = RANK[level] < RANK["error"]
        self._quick = point_emitter(declared, lifecycle=channel == "lifecycle") if fast else _never
        self._threshold = LEVELS[level]

    def __call__(self, **fields: Any) -> None:
        """Emit the point.

        Args:
            fields: the fields that its templates need, and any others.

        Raises:
            NarrationMistake: in strict mode, when a template names a field that is missing.
        """
        try:
            if self._threshold >= PIPELINE.threshold and not self._quick(fields, None):
                self._emit(fields)
        except RecursionError:  # no room on the stack
            PIPELINE.counts.internal_errors += 1

    def told_in(self, scope: Scope, fields: dict[str, Any]) -> None:
        """Emit the point in a scope, whatever is bound here: for bridges, which know the scope of a request.

        Args:
            scope: what is bound.
            fields: as for a call.
        """
        if self._threshold < PIPELINE.threshold or self._quick(fields, scope):
            return
        token = current.set(scope)
        try:
            self._emit(dict(fields))
        finally:
            current.reset(token)

    def _emit(self, fields: dict[str, Any]) -> None:
        if self.channel == "lifecycle" and "job_id" in active_scope().fields:
            fields.setdefault("job_id", None)
        emit: Emit = getattr(self._narrator, self.level)
        fields = {**self._fields, **fields}
        if PIPELINE.locate:
            fields["source_location"] = self.location
        target = self.target
        if "{" in target:
            target = text.fill(target, {**active_scope().fields, **fields})
        emit(self.action, target, self.human, **fields)

    def __reduce__(self) -> tuple[Any, ...]:
        texts = (self.name, self._narrator, self.action, self.target, self.human)
        names = ("event", "level", "cute", "story", "channel", "location")
        return (_point, (texts, {name: getattr(self, name) for name in names}))

    def __repr__(self) -> str:
        return f"Point({self.name!r}, {self.actor!r}, {self.action!r})"


def _point(texts: tuple[Any, ...], options: dict[str, Any]) -> Point:
    return Point(*texts, **options)


def _never(_: dict[str, Any], __: Scope | None) -> bool:
    """Leave every event to the slow path."""
    return False


class Catalogue:
    """The declared points of one service.

    Args:
        actor: who acts, unless a point says otherwise.
        name: the title of the table when it is printed.
    """

    def __init__(self, actor: str, name: str | None = None) -> None:
        self.actor = actor
        self.name: Final = name or actor
        self._points: dict[str, Point] = {}
        self._narrators: dict[str, Narrator] = {}

    def point(
        self,
        name: str,
        action: str,
        target: str,
        human: str,
        *,
        actor: str | None = None,
        event: str | None = None,
        level: LevelName = "info",
        cute: str | None = None,
        story: str | None = None,
        channel: Channel = "lifecycle",
    ) -> Point:
        """Declare a point.

        Args:
            name: its name in this table.
            action: what is done.
            target: to what, a template over the fields.
            human: the sentence, a template, at most 100 characters before its fields are filled in.
            actor: who acts; the catalogue's actor when absent.
            event: the name of a lifecycle step, for machines.
            level: how much it matters.
            cute: the same in a warm tone, at most 150 characters.
            story: the same as dialogue, at most 200 characters.
            channel: "request" events also go to the job's stream; "lifecycle" events never do.

        Raises:
            NarrationMistake: the name is taken, or a text or name breaks the contract.
        """
        who = actor or self.actor
        self._check(name, who, action, {"human": human, "cute": cute, "story": story}, level)
        narrator = self._narrators.setdefault(who, Narrator(who))
        point = Point(
            name,
            narrator,
            action,
            target,
            human,
            event=event,
            level=level,
            cute=cute,
            story=story,
            channel=channel,
            location=call_site(1),
        )
        self._points[name] = point
        return point

    def _check(self, name: str, actor: str, action: str, texts: dict[str, str | None], level: str) -> None:
        where = f"catalogue {self.name!r}, point {name!r}"
        if name in self._points:
            raise NarrationMistake(f"{where}: the name is taken; a point is declared once")
        if not (text.is_name(actor) and text.is_name(action)):
            raise NarrationMistake(f"{where}: actor {actor!r} and action {action!r} must be ASCII [a-z0-9_.-]")
        if level not in EMITTING:
            raise NarrationMistake(f"{where}: level {level!r} emits nothing; choose one of {', '.join(EMITTING)}")
        limits = {"human": text.HUMAN_LIMIT, "cute": text.CUTE_LIMIT, "story": text.STORY_LIMIT}
        for kind, template in texts.items():
            if len(template or "") > limits[kind]:
                raise NarrationMistake(f"{where}: {kind} is {len(template or '')} characters, at most {limits[kind]}")

    @property
    def actors(self) -> tuple[str, ...]:
        """Who acts in this table, each once, in the order of the points."""
        return tuple(dict.fromkeys(point.actor for point in self))

    @property
    def actions(self) -> tuple[str, ...]:
        """What is done in this table, each once, in the order of the points."""
        return tuple(dict.fromkeys(point.action for point in self))

    def __iter__(self) -> Iterator[Point]:
        return iter(self._points.values())

    def __len__(self) -> int:
        return len(self._points)

    def __getitem__(self, name: str) -> Point:
        return self._points[name]
