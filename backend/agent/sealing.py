"""The audit log's seals: made now and then, and told to the anchor outside."""

import asyncio
from collections.abc import Callable

from backend.agent.tools import Tools
from backend.model.audit import ANCHOR_FAILED, REWRITTEN, Witness
from backend.model.text import clean


class Sealing:
    """Seals what is due. `anchor` tells the place outside of a seal and raises OSError (None: there is no such place).

    An anchor that fails stops nothing: the line and its seal are in the store. It is told in the log, once. A log that
    is no more what the last seal says gets no further one, which would vouch for what somebody has made of it.
    """

    def __init__(self, tools: Tools, anchor: Callable[[Witness], None] | None) -> None:
        self._tools, self._anchor = tools, anchor
        self._last: Witness | None = None
        self.trouble = ""
        """A text key: what is wrong with the log or its anchor; empty when nothing is."""

    async def seal(self, *, at_once: bool = False) -> None:
        """Seal the last line when a seal is due, or `at_once` when any line came since the last one."""
        tools = self._tools
        if self._last is not None and not await tools.write(tools.books.seal_stands, self._last):
            if self.trouble != REWRITTEN:
                told: dict[str, object] = {"line": self._last.seq, "hash": self._last.hash}
                await tools.write(tools.books.say, "audit.rewritten", None, told, tools.now())
            self.trouble = REWRITTEN
            return
        made = await tools.write(tools.books.seal_audit, tools.now(), at_once=at_once)
        self._last = made or self._last
        if made is None or self._anchor is None:
            return
        try:
            await asyncio.to_thread(self._anchor, made)
        except OSError as error:
            if not self.trouble:
                await tools.write(tools.books.say, "audit.anchor_failed", None, {"why": clean(error, 200)}, tools.now())
            self.trouble = ANCHOR_FAILED
        else:
            if self.trouble:
                await tools.write(tools.books.say, "audit.anchor_back", None, {}, tools.now())
            self.trouble = ""
