"""Everybody at once, by a seed: operators with commands and consoles, agents, trouble outside; and all of them die."""

import random
import signal
from collections import Counter
from contextlib import suppress

from backend.model.plans import ActionState, PlanState
from tests.simulation import judge
from tests.simulation.processes import UNDO, Process, Processes
from tests.terminal.harness import ARROW_RIGHT, ENTER, Terminal

TROUBLE = (
    ("token", "lose_answer"),
    ("token", "drop"),
    ("accounts", "503"),
    ("transactions", "garbage"),
    ("update", "lose_answer"),
    ("update", "lose_answer"),
    ("update", "drop"),
    ("update", "garbage"),
    ("update", "429"),
    ("update", "500"),
    ("update", "503"),
    ("reconciliation", "lose_answer"),
)
ROUNDS = 12
"""Rounds of an agent in which a calm world must come to rest."""

REST = (2 * UNDO, 2 * UNDO, 3600, *[7 * 3600] * ROUNDS)
"""Seconds that pass between these rounds: enough for a bank, a second try and an undo window, then for a gate, and then
for what a bank delivers by itself."""

DAY = 25 * 3600


class Storm:
    """Plays on one world and one store. What it draws depends on the seed alone, the moments on the machine too."""

    def __init__(self, town: Processes, seed: int, customers: int) -> None:
        self.town, self.dice, self.customers = town, random.Random(seed), customers
        self.agent: Process | None = None
        self.killed: Counter[str] = Counter()
        self.undone: list[int] = []

    # -- one death ---------------------------------------------------------------------------------------------

    def step(self) -> None:
        """Somebody dies, in whatever he is at."""
        for kind, how in self.dice.sample(TROUBLE, self.dice.randrange(3)):
            self.town.client.fault(kind, how, self.dice.randint(1, 2))
        victims = {"agent": 4, "command": 4, "console": 2, "sleeper": 1}
        (victim,) = self.dice.choices([*victims], [*victims.values()])
        getattr(self, f"_{victim}")()

    def _agent(self) -> None:
        self._order("sync")
        agent = self.standing()
        self._order()
        self._let_pass(agent)
        self._kill("agent", agent)

    def _command(self) -> None:
        if self.dice.random() < 0.5:
            self.standing()
        words = self._words()
        if self.dice.random() < 0.4:
            words += ("--wait",) if words[0] in ("sync", "remove") or "run" in words else ()
        child = self.town.start(*words)
        self._let_pass(child)
        self._kill("command", child)

    def _console(self) -> None:
        if self.dice.random() < 0.5:
            self.standing()
        stage = self.dice.randrange(4)
        with self.town.console() as it:
            it.see("▌")
            it.send(self.dice.choice(["a", " j j j ", "jjj j j ", " "]))
            if stage:
                it.send("s")
                it.until(lambda: "Cancel" in it.text() or "▸Close" in it.text())
            if stage > 1:
                self._spend(it, 0.3)
                it.send(ARROW_RIGHT)
                self._spend(it, 0.05)
                it.send(ENTER)
            self._spend(it, self.dice.random() * 1.5)
            it.kill(signal.SIGKILL)
            it.end()
        self.killed["console"] += 1

    def _sleeper(self) -> None:
        """An agent stands still for a while, nobody sends in its place, and then it wakes or dies."""
        agent = self.standing()
        self._order("sync")
        self._let_pass(agent)
        if agent.poll() is not None or not self.town.agent_lives():
            return
        quiet = self.stop(agent)
        self._order()
        assert self.town.run("agent").returncode == 1, "the right to act is taken while its owner lives"
        assert self.town.updates() == quiet, "somebody sends although the one who may is not dead"
        if self.dice.random() < 0.5:
            agent.send_signal(signal.SIGCONT)
            self._let_pass(agent)
        self._kill("sleeper", agent)

    def stop(self, agent: Process) -> int:
        """Have it stand still; gives how many updates the outside has been asked for by then.

        Not in the midst of a write: nobody else could write then, and that is another matter.
        """
        while True:
            agent.send_signal(signal.SIGSTOP)
            other = self.town.start("sync", *self._ids(), "--dry-run")
            if self.town.ended_within(5.0, other):
                return self._quiet()
            other.kill()
            agent.send_signal(signal.SIGCONT)
            self._let_pass(agent)

    def _quiet(self) -> int:
        """How many updates have come, once what was on its way has arrived."""
        seen = [-1]

        def same() -> bool:
            seen.append(self.town.updates())
            return seen[-1] == seen[-2]

        self.town.until("the outside is quiet", same)
        return seen[-1]

    # -- what they do ------------------------------------------------------------------------------------------

    def standing(self) -> Process:
        """An agent that stands, or is on its way to it; another one may have the right before."""
        if self.agent is None or self.agent.poll() is not None:
            self.agent = self.town.start("agent")
        return self.agent

    def _ids(self) -> list[str]:
        many = self.dice.choice([1, 1, 2, 5, 8])
        return [f"c{number}" for number in self.dice.sample(range(1, self.customers + 1), many)]

    def _plan(self) -> int:
        """One of the newest plans, or one that there is not."""
        return self.dice.choice(self.town.plans()[:6] or [1])

    def _words(self, wish: str = "") -> tuple[str, ...]:
        """A command that acts."""
        match 0 if wish == "sync" else self.dice.randrange(10):
            case 0 | 1 | 2:
                return ("sync", *self._ids(), "--yes")
            case 3:
                return ("sync", "--filter", self.dice.choice(["*", "verdict:fine", "bank:nordea"]), "--yes")
            case 4:
                return ("remove", f"c{self.dice.randint(self.customers // 2, self.customers)}", "--yes")
            case 5 | 6:
                self.town.run("sync", *self._ids(), "--dry-run")
                return ("plan", "last", "run", "--yes")
            case _:
                order = self.dice.choice(["pause", "resume", "resume", "cancel", "undo", "undo"])
                return ("plan", str(self._plan()), order)

    def _order(self, wish: str = "") -> None:
        """A command that lives to its end; what it says it has undone is kept in mind."""
        words = self._words(wish)
        done = self.town.run(*words)
        assert done.returncode in (0, 3, 4, 5), (words, done.returncode, done.stdout, done.stderr)
        if words[-1] == "undo" and done.returncode == 0:
            self.undone.append(int(words[1]))

    def _let_pass(self, child: Process) -> None:
        """Until a moment that is worth dying at: so many updates or calls later, or so much time."""
        chance = self.dice.random()
        if chance < 0.8:
            count, many = (self.town.updates, 6) if chance < 0.5 else (self.town.calls, 40)
            over = count() + self.dice.randint(1, many)
            self.town.within(3.0, lambda: child.poll() is not None or count() >= over)
        else:
            self.town.ended_within(self.dice.random() * 1.5, child)

    def _spend(self, it: Terminal, seconds: float) -> None:
        """Read what the console writes for so long."""
        over = self.town.deadline(seconds)
        it.until(over)

    def _kill(self, who: str, child: Process) -> None:
        if child.poll() is None:
            child.kill()
            self.killed[who] += 1
        child.wait()

    # -- the end -----------------------------------------------------------------------------------------------

    def rest(self) -> None:
        """The world becomes calm and an agent brings everything to its end; then the books are compared."""
        town = self.town
        town.calm()
        if self.agent is not None:
            self.agent.terminate()
            self.agent.wait()
        for child in town.started:
            self._kill("waiting", child)
        town.until("the dead have let go", lambda: not town.agent_lives())
        left: list[str] = []
        for pause in REST[:ROUNDS]:
            self._resume()
            assert town.run("agent", "--once").returncode in (0, 3, 5)
            with town.store() as store:
                left = judge.unsettled(store)
            if not left:
                break
            town.skip(pause)
        assert not left, left
        self.judge()

    def _resume(self) -> None:
        with self.town.store() as store:
            paused = [view.id for view in store.plans(100) if view.state == PlanState.PAUSED]
        for plan in paused:
            with suppress(AssertionError):
                self.town.run("plan", str(plan), "resume")

    def judge(self) -> None:
        """What the sandbox received against what the store says."""
        town = self.town
        with town.store() as store:
            found = judge.faults(store, town.client.updates())
            reasons = Counter(f"{a.act} {a.state} {a.reason}" for a in judge.all_actions(store))
            for plan in self.undone:
                view = store.plan(plan)
                assert view is not None and view.counts.keys() <= {ActionState.CANCELLED, ActionState.REFUSED}
        assert not found, "\n".join([*found, str(reasons)])
        assert not any("unknown_for_too_long" in reason for reason in reasons), reasons
        books = town.books()
        assert (books["tokens"]["reused"], books["session_violations"]) == ([], [])
        postings = books["postings"]
        assert (postings["under_two_keys"], postings["changed_between_sends"]) == ([], [])
        assert town.run("audit", "--verify").returncode == 0
        assert "Traceback" not in town.said(), town.said()[-4000:]
