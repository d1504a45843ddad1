"""Mail before a consent ends, each on disk before it goes out; and what is tidied up beside it."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

from backend.agent.acts import as_mailed, new_case, note_refusal
from backend.agent.tools import RoundReport, Tools
from backend.model.errors import OutsideError
from backend.model.facts import Act
from backend.model.reminders import Mailing, Outlook, ReminderFacts
from backend.model.webhooks import KEPT
from backend.rules.letters import reminder_mail
from backend.rules.lifetimes import usual_life
from backend.rules.reminders import ADDRESS_REFUSED, outlook

_PAGE = 256
"""Connections that are looked at together."""

_TOGETHER = 8
"""Mails that are on their way at once; when all of them fail, it is the mail server, and the rest waits."""

_LEARN_EVERY = timedelta(hours=1)
"""A bank's usual life is counted in days, and counting it looks at all connections of banks where some have died."""

_BATCH = 500
"""Old events that are deleted in one go, so that nobody waits for the store."""


class Reminders:
    """Reminds customers whose consent ends soon. `schedule`: seconds before the end, longest first; empty: never."""

    def __init__(self, tools: Tools, schedule: tuple[int, ...], report: Callable[[], RoundReport]) -> None:
        self._tools, self._schedule, self._report = tools, schedule, report
        self._taken_up = False
        self._learnt_at: datetime | None = None

    async def look(self) -> int:
        """Learn what is usual, remind who is due, delete what is old; gives how many were reminded."""
        tools = self._tools
        await self._learn()
        sent = await self._remind()
        await tools.write(tools.books.prune_webhooks, tools.now() - KEPT, _BATCH)
        return sent

    async def _learn(self) -> None:
        """What is usual at each bank. Those that live count too, or the first that die would speak for all."""
        tools, now = self._tools, self._tools.now()
        if self._learnt_at is not None and now - self._learnt_at < _LEARN_EVERY:
            return
        self._learnt_at = now
        lives, alive = await tools.write(tools.books.lives), await tools.write(tools.books.alive, now)
        found = {bank: usual_life((*some, *alive.get(bank, ()))) for bank, some in lives.items()}
        await tools.write(tools.books.learn, {bank: span for bank, span in found.items() if span is not None}, now)

    async def _remind(self) -> int:
        tools = self._tools
        if not self._taken_up:
            # Nobody else acts on this store, so an intent that we have not written is a dead process's.
            await tools.write(tools.books.lost_reminders, tools.now())
            self._taken_up = True
        if not self._schedule or tools.mailer is None:
            return 0
        sent, after = 0, None
        while page := await tools.write(tools.books.reminder_candidates, self._schedule, tools.now(), _PAGE, after):
            after = page[-1].connection
            due = [facts for facts in page if self._judge(facts).due is not None]
            for start in range(0, len(due), _TOGETHER):
                if self._report().trouble:
                    return sent
                outcomes = await asyncio.gather(*map(self._one, due[start : start + _TOGETHER]))
                sent += outcomes.count(Mailing.SENT)
                if set(outcomes) == {Mailing.FAILED}:
                    return sent
        return sent

    def _judge(self, facts: ReminderFacts) -> Outlook:
        return outlook(facts, self._schedule, self._tools.now())

    async def _one(self, facts: ReminderFacts) -> Mailing | None:
        """Remind one customer; None when it turned out not to be due. Nothing else is done on the connection meanwhile.

        A refused address is settled and no failure here: that the server answers says that it works.
        """
        tools, connection = self._tools, facts.connection
        async with tools.alone(connection):
            context = await tools.write(tools.books.fetch_context, connection)
            if context is None or tools.mailer is None:
                return None
            fresh = await new_case(tools, context, Act.RENEW, None)
            begun = await tools.write(tools.books.begin_reminder, fresh, self._judge, tools.now())
            if begun is None or begun[0].state is not Mailing.INTENT:
                return None
            reminder, seen, case = begun
            assert seen.end is not None
            mail = reminder_mail(
                tools.say,
                case=as_mailed(tools, case),
                bank=facts.bank,
                end=seen.end,
                learnt=seen.learnt,
                message_id=reminder.message_id,
            )
            try:
                await tools.mailer.send(mail)
            except OutsideError as error:
                state = Mailing.UNKNOWN if error.unknown else Mailing.FAILED
                await note_refusal(tools, connection, error)
                await tools.write(tools.books.settle_reminder, reminder.id, state, tools.now(), reason=error.kind)
                self._report().reminders_failed += 1
                return None if error.kind == ADDRESS_REFUSED else state
            await tools.write(tools.books.note_mail, connection, tools.now(), taken=True)
            await tools.write(tools.books.settle_reminder, reminder.id, Mailing.SENT, tools.now())
            self._report().reminded += 1
            return Mailing.SENT
