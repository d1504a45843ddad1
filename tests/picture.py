"""Draws the README's picture: the console itself, on a small sandbox world after one round (`make picture`)."""

import asyncio
import sys
import tempfile
from io import BytesIO
from pathlib import Path

from backend.importing import Reader
from backend.model.clock import ScaledClock, parse_clock
from backend.model.views import ImportRecord
from backend.runtime import Runtime
from backend.sandbox.serve import running_world
from backend.settings import load
from backend.texts import texts_in
from tui.app import Console
from tui.desk import Desk

SIZE = (118, 34)


def main(out: Path) -> None:
    say = texts_in("en")
    with tempfile.TemporaryDirectory() as folder, running_world(customers=120, seed=5) as world:
        at = world.addresses
        env = {
            "FORNY_CONFIG": str(Path(folder) / "config.toml"),
            "FORNY_STORE": str(Path(folder) / "forny.db"),
            "FORNY_ENVIRONMENT": "sandbox",
            "FORNY_OPERATOR": "eva",
            "FORNY_AIIA_BASE_URL": at["aiia"],
            "FORNY_AIIA_CLIENT_ID": at["client_id"],
            "FORNY_AIIA_CLIENT_SECRET": at["client_secret"],
            "FORNY_AIIA_REDIRECT_URL": "https://console.example.test/aiia",
            "FORNY_RECONCILIATION_URL": at["reconciliation"],
            "FORNY_RECONCILIATION_TOKEN": at["reconciliation_token"],
        }
        Path(env["FORNY_CONFIG"]).touch()
        clock = parse_clock(at["clock"]) if at["clock"] else ScaledClock()
        runtime = Runtime(load({}, env), clock, say, env)
        lines = Reader(say, ("aiia",)).read(BytesIO("\n".join(world.client.fleet()).encode()))
        records = [line for line in lines if isinstance(line, ImportRecord)]
        runtime.store.import_records(records, clock.now(), "eva")
        asyncio.run(_round(runtime))
        with runtime.store.become_agent("agent"):
            runtime.store.note_round(clock.now())
            desk = Desk(
                reader=runtime.reader,
                operations=runtime.operations,
                clock=clock,
                settings=runtime.settings,
                say=say,
                operator="eva",
                agent_status=runtime.agent_status,
                verify_audit=runtime.verify_audit,
            )
            out.write_text(asyncio.run(_draw(Console(desk))))
        runtime.close()


async def _round(runtime: Runtime) -> None:
    async with runtime.agent("once") as agent:
        await agent.once()


async def _draw(console: Console) -> str:
    async with console.run_test(size=SIZE) as pilot:
        await pilot.pause()
        await pilot.press("down", "down", "down")
        await pilot.pause()
        return console.export_screenshot(title="forny")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
