"""The forecast as a picture in text: twelve weeks of days with the renewals due on each, then bank by bank."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import ClassVar

from backend.rules.forecast import WEEKS, BankLoad, Forecast
from tui.actions import FORECAST
from tui.cells import Line, Span, fit
from tui.outlook import by_day, read_forecast, weeks_of
from tui.palette import ASCII
from tui.screens.moving import ReadsDoc
from tui.wording import number

DAY, NARROW_DAY = 6, 4
"""Cells of one day, and where six leave no room for the sums."""

LEVELS = (("text", ".", "·"), ("text", ":", "░"), ("warn", "+", "▒"), ("bad", "#", "█"))
"""How a day is shown by its share of the heaviest one: role, sign in ASCII, sign. The sign says it without colour."""


class ForecastScreen(ReadsDoc[Forecast]):
    """One line a week, one cell a day: how many renewals are due, with a sign for how heavy the day is."""

    scope: ClassVar[str] = FORECAST
    lane = "slow"

    def crumb(self, width: int) -> tuple[Line, Line]:
        if self.reading is None:
            return [(self.say("console.reading"), "dim")], []
        left: list[Span] = [(self.say("console.forecast.title", n=number(self.reading.due), weeks=WEEKS), "strong")]
        if self.reading.dark is not None:
            left.append((f"   {self.say('console.forecast.dark', n=number(round(self.reading.dark)))}", "warn"))
        if self.reading.unknown:
            left.append((f"   {self.say('console.forecast.unknown', n=number(self.reading.unknown))}", "dim"))
        return left, []

    def page(self, reading: Forecast, width: int) -> Sequence[Line]:
        return [*self._picture(reading, width), [], *self._banks(reading, width)]

    # -- the picture ------------------------------------------------------------------------------------------

    def _picture(self, seen: Forecast, width: int) -> list[Line]:
        days, cells = by_day(seen.days), self._cells(width)
        most, last = max(days.values(), default=0), seen.first + timedelta(days=7 * seen.weeks - 1)
        weeks = weeks_of(seen)
        heaviest = max((due for _, due, _ in weeks), default=0)
        head = fit(self.say("console.forecast.week"), 9)
        head += "".join(fit(name, cells, right=True) for name in self.say("console.forecast.days").split("|"))
        head += fit(self.say("console.forecast.due"), 8, right=True) + fit(
            self.say("console.forecast.gone"), 7, right=True
        )
        lines: list[Line] = [[(head, "head")]]
        for monday, due, dark in weeks:
            line: list[Span] = [(f"{monday.isocalendar().week:>2} {monday:%d.%m} ", "dim")]
            for n in range(7):
                day = monday + timedelta(days=n)
                inside = seen.first <= day <= last
                line.append(self._day(days[day], most, cells) if inside else (" " * cells, "text"))
            line += [
                (fit(number(due), 8, right=True), "strong"),
                (fit(_dark(dark) if due else "", 7, right=True), "warn"),
            ]
            room = width - 9 - 7 * cells - 15 - 1
            line.append((f" {self._bar * -(-room * due // heaviest)}" if room > 0 < heaviest else "", "accent"))
            lines.append(line)
        return lines

    def _cells(self, width: int) -> int:
        return DAY if width >= 9 + 7 * DAY + 15 else NARROW_DAY

    def _day(self, due: int, most: int, cells: int) -> Span:
        if not due:
            return fit("-" if self._ascii else "·", cells, right=True), "dim"
        role, plain, sign = LEVELS[min(len(LEVELS) - 1, len(LEVELS) * due // (most + 1))]
        return fit(f"{number(due)}{plain if self._ascii else sign}", cells, right=True), role

    @property
    def _ascii(self) -> bool:
        return self.console.glyphs == ASCII

    @property
    def _bar(self) -> str:
        return "#" if self._ascii else "█"

    # -- the banks --------------------------------------------------------------------------------------------

    def _banks(self, seen: Forecast, width: int) -> list[Line]:
        if not seen.banks:
            return [[(self.say("console.forecast.nothing"), "dim")]]
        name = max(14, min(26, width - 36))
        titles = (("bank", name, False), ("due", 8, True), ("answered", 20, True), ("gone", 8, True))
        head = "".join(fit(self.say(f"console.forecast.{title}"), cells, right=right) for title, cells, right in titles)
        lines: list[Line] = [[(head, "head")]]
        for load in seen.banks:
            line: list[Span] = [
                (fit(load.bank or "–", name), "text"),
                (fit(number(load.due), 8, right=True), "strong"),
                (fit(self._answered(load), 20, right=True), "text"),
                (fit(_dark(load.dark), 8, right=True), "warn"),
            ]
            room = width - name - 8 - 20 - 8 - 1
            bar = self._bar * -(-room * load.due // seen.banks[0].due) if room > 0 else ""
            lines.append([*line, (f" {bar}", "accent")])
        return lines

    def _answered(self, load: BankLoad) -> str:
        if load.rate is None:
            return "?"
        rate = f"{round(100 * load.rate)}%"
        return (
            f"{rate} ({load.answered}/{load.asked})" if load.own_rate else self.say("console.forecast.fleet", rate=rate)
        )

    # -- reading ----------------------------------------------------------------------------------------------

    def reader(self) -> Callable[[], Forecast]:
        reader, clock = self.console.desk.reader, self.console.desk.clock
        return lambda: read_forecast(reader, clock.now(), WEEKS)


def _dark(dark: float | None) -> str:
    return "?" if dark is None else number(round(dark))
