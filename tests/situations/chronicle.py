"""Plays every scenario in one world, side by side, and writes down what operators saw before, during and after."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from backend.sandbox.stage import AWAY
from tests.situations.stage import Fleet, Theatre

ALONE = (("events_missed",), ("own_credentials",), ("stuck_in_error", "starved"))
"""These touch everybody, so they are played when the others are over; the last two have the agent away together."""

PATIENCE = 3
"""Rounds in which a situation must show, and in which it must go."""

NEARLY = timedelta(minutes=30)
"""Scenarios that wait for nearly the same moment go on together; none of their spans is that exact."""

_SKIP = re.compile(r"forny sandbox skip (\d+)h")


@dataclass(slots=True)
class Course:
    """One scenario's way: commands still to give, and what was seen of the customer (of everybody without one).

    `rounds` counts since the last command.
    """

    id: str
    agreement: str
    steps: list[str]
    remedy: list[str]
    before: set[str | None] = field(default_factory=set)
    seen: list[set[str | None]] = field(default_factory=list)
    after: list[set[str | None]] = field(default_factory=list)
    ready_at: datetime | None = None
    ends: bool = False
    rounds: int = 0

    @property
    def shown(self) -> bool:
        return any(self.id in one for one in self.seen)

    @property
    def ended(self) -> bool:
        return any(self.id not in one for one in self.after)

    def note(self, found: set[str | None], now: datetime) -> None:
        """What operators see of the customer after a round; once all is done, this is what counts."""
        if self.steps or not self.is_ready(now):
            return
        (self.after if self.ends else self.seen).append(found)
        self.rounds += 1
        if not self.ends and self.remedy and (self.shown or self.rounds >= PATIENCE):
            self.steps, self.ends, self.rounds = list(self.remedy), True, 0

    def sees(self, shown: Fleet) -> set[str | None]:
        """What concerns this scenario in the list."""
        return shown.get(self.agreement, set()) if self.agreement else set().union(*shown.values())

    def is_ready(self, now: datetime) -> bool:
        """What had to pass of time has passed, as good as."""
        return self.ready_at is None or self.ready_at <= now + NEARLY

    @property
    def over(self) -> bool:
        settled = self.ended if self.ends else self.shown and not self.remedy
        return not self.steps and (settled or self.rounds >= PATIENCE)


class Chronicle:
    """The courses of many scenarios."""

    def __init__(self, theatre: Theatre) -> None:
        self.theatre = theatre
        self.courses: dict[str, Course] = {}

    def play(self, ids: list[str]) -> None:
        """Have these scenarios happen, and follow them to their ends."""
        calm = self.theatre.shown()
        playing = []
        with self._agent_there():
            for id in ids:
                answer = self.theatre.play(id)
                agreement = answer["agreement_number"]
                course = Course(id, "" if answer["everybody"] else agreement, answer["then"], answer["remedy"])
                course.before = course.sees(calm)
                self.courses[id] = course
                playing.append(course)
        self._look(playing)
        while playing := [course for course in playing if not course.over]:
            now = self.theatre.clock.now()
            ready = [course for course in playing if course.is_ready(now)]
            if not ready:
                first = min(course.ready_at for course in playing if course.ready_at is not None)
                with self._agent_there():
                    self.theatre.world.client.turn("clock/skip", hours=(first - now) / timedelta(hours=1))
                self._look(playing)
                continue
            self._round(playing, ready)

    def _round(self, playing: list[Course], ready: list[Course]) -> None:
        """Everybody who may takes one step, and then the agent comes, unless a scenario wants it away."""
        if any(course.steps[:1] == [AWAY] for course in ready):
            self._away(playing, ready)
            return
        with self._agent_there():
            for course in ready:
                for step in self._next(course):
                    self._step(course, step)
        self._look(playing)

    def _next(self, course: Course) -> list[str]:
        """The next step, and those that are of its kind: several customers may do the same in one go."""
        taken: list[str] = []
        while course.steps and (not taken or course.steps[0].split()[:3] == taken[0].split()[:3]):
            taken.append(course.steps.pop(0))
            if _SKIP.fullmatch(taken[0]) or taken[0].startswith("#"):
                break
        return taken

    @contextmanager
    def _agent_there(self) -> Iterator[None]:
        """An agent hears what is told and takes returning customers; afterwards it makes one full round."""
        with self.theatre.standing():
            yield
            self.theatre.world.client.turn("webhooks/flush")
        self.theatre.once()

    def _away(self, playing: list[Course], ready: list[Course]) -> None:
        """Time passes without an agent."""
        hours = 0.0
        for course in ready:
            course.steps = course.steps[1:] if course.steps[:1] == [AWAY] else course.steps
            if course.steps and (found := _SKIP.fullmatch(course.steps[0])):
                hours = max(hours, float(found[1]))
                course.steps.pop(0)
        self.theatre.world.client.turn("clock/skip", hours=hours)
        self._look(playing)

    def _look(self, playing: list[Course]) -> None:
        shown = self.theatre.shown()
        for course in playing:
            course.note(course.sees(shown), self.theatre.clock.now())

    def _step(self, course: Course, step: str) -> None:
        course.ready_at = None
        if found := _SKIP.fullmatch(step):
            course.ready_at = self.theatre.clock.now() + timedelta(hours=float(found[1]))
        elif not step.startswith("#"):
            self.theatre.typed(step)
