"""Aiia's events: on disk before they are answered, applied afterwards, and missed when they stop coming."""

import asyncio
from collections.abc import Mapping

from backend.agent.tools import RoundReport, Tools
from backend.agent.webhooks import Forged, Key, check, read

_PAGE = 100
"""Events that are applied together, in one commit."""

_PATIENCE = 5.0
"""Seconds in which an event is answered when its sender does not say how long it waits."""

_HASTE = 0.7
"""The part of the sender's time that we use of it: the way back takes time too."""


class Hearing:
    """Takes and applies events. Without a `key` none is taken."""

    def __init__(self, tools: Tools, key: Key | None) -> None:
        self._tools, self._key = tools, key

    async def arrive(self, headers: Mapping[str, str], body: bytes) -> int:
        """One event from outside; gives the HTTP status of the answer.

        200 only once it is on disk (again, or for the first time); 503 when that takes longer than the sender
        waits, who then sends it again.
        """
        tools = self._tools
        if self._key is None:
            return 403
        try:
            arrived = check(headers, body, self._key, tools.now())
        except Forged:
            return 401
        kept = asyncio.ensure_future(tools.write(tools.books.keep_webhook, arrived, read(arrived), tools.now()))
        kept.add_done_callback(_seen)
        await asyncio.wait((kept,), timeout=_patience(headers.get("x-aiia-timeout", "")))
        return 200 if kept.done() and kept.exception() is None else 503

    async def apply(self, report: RoundReport) -> int:
        """Apply what has arrived, in the order in which it was sent; gives how much there was."""
        tools = self._tools
        waiting = await tools.write(tools.books.open_webhooks, _PAGE)
        await asyncio.gather(
            *(tools.write(tools.books.apply_webhook, item.event_id, read(item), tools.now()) for item in waiting)
        )
        report.events += len(waiting)
        return len(waiting)

    async def listen_for_silence(self) -> None:
        """Say once when events have stopped coming although there is news, and once when they come again."""
        if self._key is not None:
            await self._tools.write(self._tools.books.mind_silence, self._tools.now())


def _seen(kept: "asyncio.Future[bool]") -> None:
    """A store that fails is everybody's trouble, and the other loops raise it; the sender only hears 503."""
    if not kept.cancelled():
        kept.exception()


def _patience(said: str) -> float:
    """The sender's milliseconds as our seconds."""
    if not (said.isascii() and said.isdigit() and len(said) <= 6):
        return _PATIENCE
    return max(0.1, int(said) / 1000 * _HASTE)
