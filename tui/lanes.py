"""Work beside the screen's loop: every read of the store happens here, so that no key ever waits for one (law 14).

A lane is one daemon thread. Asking for a topic again replaces what still waits under it, and an answer that is
older than the last question of its topic is dropped: cancelling a thread does not stop its late answer
(`facts/console.md` rule 9), a number on each question does.
"""

from collections import OrderedDict
from collections.abc import Callable
from itertools import count
from threading import Condition, Thread
from typing import TypeVar

Answer = TypeVar("Answer")
Deliver = Callable[[Callable[[], None]], None]
ACTS = "acts"


class Lanes:
    """Named threads. `deliver` brings a call to the screen's loop and must be safe from any thread."""

    def __init__(self, deliver: Deliver) -> None:
        self._deliver = deliver
        self._lanes: dict[str, _Lane] = {}
        self._last: dict[str, int] = {}
        self._numbers = count(1)

    def ask(
        self,
        lane: str,
        topic: str,
        work: Callable[[], Answer],
        done: Callable[[Answer], None],
        failed: Callable[[Exception], None],
    ) -> None:
        """Run `work` in `lane`; `done` or `failed` gets the outcome on the loop, unless the topic was asked again."""
        number = self._last[topic] = next(self._numbers)

        def job() -> None:
            try:
                answer = work()
            except Exception as error:  # noqa: BLE001 - whatever a read raises is told on screen, never swallowed
                self._deliver(lambda error=error: self._arrived(topic, number, failed, error))  # type: ignore[misc]
            else:
                self._deliver(lambda: self._arrived(topic, number, done, answer))

        if lane not in self._lanes:
            self._lanes[lane] = _Lane(lane)
        self._lanes[lane].put(topic, job)

    def act(
        self, work: Callable[[], Answer], done: Callable[[Answer], None], failed: Callable[[Exception], None]
    ) -> None:
        """Run `work` in the lane of acts: never replaced, never dropped, in order."""
        self.ask(ACTS, f"act {next(self._numbers)}", work, done, failed)

    def forget(self, topic: str) -> None:
        """Nobody waits for this topic any more."""
        self._last[topic] = next(self._numbers)

    def _arrived(self, topic: str, number: int, then: Callable[[Answer], None], answer: Answer) -> None:
        if self._last.get(topic) == number:
            if topic.startswith("act "):
                del self._last[topic]
            then(answer)

    def stop(self, patience: float = 0.2) -> None:
        """Take no more work; wait so many seconds for what runs. A blocked thread is left behind, it is a daemon.

        What was confirmed is still written: the lane of acts is emptied first, with twenty times the patience.
        """
        for name, lane in self._lanes.items():
            lane.stop(drop=name != ACTS)
        for name, lane in self._lanes.items():
            lane.thread.join(patience * (20 if name == ACTS else 1))


class _Lane:
    def __init__(self, name: str) -> None:
        self._jobs: OrderedDict[str, Callable[[], None]] = OrderedDict()
        self._some = Condition()
        self._open = True
        self.thread = Thread(target=self._run, name=f"forny-{name}", daemon=True)
        self.thread.start()

    def put(self, topic: str, job: Callable[[], None]) -> None:
        with self._some:
            self._jobs[topic] = job
            self._some.notify_all()

    def stop(self, *, drop: bool) -> None:
        with self._some:
            self._open = False
            if drop:
                self._jobs.clear()
            self._some.notify_all()

    def _run(self) -> None:
        while True:
            with self._some:
                while self._open and not self._jobs:
                    self._some.wait()
                if not self._jobs:
                    return
                _, job = self._jobs.popitem(last=False)
            job()
