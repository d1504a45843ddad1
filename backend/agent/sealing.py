"""The audit log's seals: made now and then, and told to the anchor outside."""

import asyncio
from collections.abc import Callable

from backend.agent.tools import Tools
from backend.model.audit import Witness
from backend.model.text import clean


class Sealing:
    """Seals what is due. `anchor` tells the place outside of a seal and raises OSError (None: there is no such place).

    An anchor that fails stops nothing: the line and its seal are in the store. It is told in the log, once.
    """

    def __init__(self, tools: Tools, anchor: Callable[[Witness], None] | None) -> None:
        self._tools, self._anchor, self._failing = tools, anchor, False

    async def seal(self, *, at_once: bool = False) -> None:
        """Seal the last line when a seal is due, or `at_once` when any line came since the last one."""
        tools = self._tools
        made = await tools.write(tools.books.seal_audit, tools.now(), at_once=at_once)
        if made is None or self._anchor is None:
            return
        try:
            await asyncio.to_thread(self._anchor, made)
        except OSError as error:
            if not self._failing:
                told: dict[str, object] = {"why": clean(error, 200)}
                await tools.write(tools.books.say, "audit.anchor_failed", None, told, tools.now())
            self._failing = True
        else:
            if self._failing:
                await tools.write(tools.books.say, "audit.anchor_back", None, {}, tools.now())
            self._failing = False
