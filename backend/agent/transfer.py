"""Hand queued postings to bank reconciliation, each batch under one key until it is answered (law 7)."""

import asyncio

from backend.agent.tools import RoundReport, Tools
from backend.model.errors import OutsideError
from backend.model.facts import Delivery, Receipt

AT_ONCE = 16
"""Deliveries on their way at the same time; each ledger account has at most one."""


async def transfer(tools: Tools, report: RoundReport) -> int:
    """Send what can be sent now; gives the number of batches."""
    batches = await tools.write(tools.books.open_deliveries, AT_ONCE, tools.now())
    await asyncio.gather(*(_send(tools, batch, report) for batch in batches))
    return len(batches)


async def transfer_all(tools: Tools, report: RoundReport) -> None:
    """Send until nothing is left that can be sent. Our own pauses are not waited out; each batch is tried once."""
    tried: set[str] = set()
    while True:
        now = tools.now()
        batches = await tools.write(tools.books.open_deliveries, AT_ONCE, now, at_once=True, without=tried)
        if not batches:
            return
        tried.update(batch.key for batch in batches)
        tried.update(filter(None, await asyncio.gather(*(_send(tools, batch, report) for batch in batches))))


async def _send(tools: Tools, delivery: Delivery, report: RoundReport) -> str | None:
    """Send one batch and book the answer; gives the key of what the answer left out."""
    try:
        receipt = await tools.ledger.deliver(delivery) if delivery.postings else Receipt()
    except OutsideError as error:
        report.deliveries_failed += 1
        kind, detail, until = error.kind, str(error), error.until
        await tools.write(tools.books.fail_delivery, delivery.key, kind, detail, until, tools.now())
        return None
    report.delivered += len(receipt.acknowledged) + len(receipt.duplicates)
    report.rejected += len(receipt.rejected)
    return await tools.write(tools.books.settle_delivery, delivery.key, receipt, tools.now())
