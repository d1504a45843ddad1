"""The fleet screen: what it shows, how it moves, how it stays with ids."""

import asyncio

from tests.tui.driving import console


def test_the_first_screen_shows_the_fleet_with_the_environment_in_words() -> None:
    async def run() -> None:
        async with console() as it:
            await it.see("250 forbindelser")
            text = it.text()
            assert "SANDKASSE" in text
            assert "▲ operatør" in text and "r forny" in text
            assert all(len(line) == 80 for line in it.lines())

    asyncio.run(run())
