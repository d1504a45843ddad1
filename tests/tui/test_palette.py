"""The colours can be read, the glyphs are single cells, and the terminal's own wishes are followed."""

from dataclasses import fields
from itertools import product

import pytest
from rich.cells import cell_len
from rich.color import Color, ColorType
from rich.style import Style

from tui.palette import ANSI, ASCII, DARK, LIGHT, LOOKS, MONO, PALETTES, Glyphs, Palette, choose, choose_glyphs

COLOURED = [palette for palette in PALETTES.values() if not palette.ansi]
ORNAMENT = {"rule"}
"""Roles that carry no words."""


def luminance(color: Color) -> float:
    """Relative luminance of WCAG 2."""
    parts = [part / 255 for part in color.get_truecolor()]
    red, green, blue = (p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(style: Style) -> float:
    assert style.color is not None and style.bgcolor is not None
    high, low = sorted((luminance(style.color), luminance(style.bgcolor)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize(
    ("palette", "role"), list(product(COLOURED, LOOKS)), ids=lambda value: getattr(value, "name", value)
)
def test_every_role_can_be_read(palette: Palette, role: str) -> None:
    if role in ORNAMENT:
        return
    least = 7.0 if palette.name == "contrast" and role != "band_sandbox" else 4.5
    assert contrast(palette.style(role)) >= least
    if role in ("text", "strong", "title", "dim", "accent", "good", "warn", "bad", "info", "mark"):
        assert contrast(palette.style(role, selected=True)) >= 4.5, "on the cursor's line"


@pytest.mark.parametrize("palette", list(PALETTES.values()), ids=lambda palette: palette.name)
def test_every_palette_knows_every_role_and_makes_a_theme(palette: Palette) -> None:
    assert set(palette.styles) == set(LOOKS)
    assert all(palette.style(role, selected) is not None for role, selected in product(LOOKS, (False, True)))
    assert palette.theme().name == f"forny-{palette.name}"
    with pytest.raises(KeyError):
        palette.style("no such role")


def test_mono_has_no_colour_and_ansi_only_the_terminal_s_own() -> None:
    for role, selected in product(LOOKS, (False, True)):
        style = MONO.style(role, selected)
        assert style.color is None and style.bgcolor is None
        colour = ANSI.style(role, selected).color
        assert colour is None or colour.type in (ColorType.STANDARD, ColorType.DEFAULT)


def test_the_cursor_s_line_differs_without_colour() -> None:
    for palette in (MONO, ANSI):
        assert palette.style("text", selected=True) != palette.style("text")


@pytest.mark.parametrize(
    ("environ", "palette"),
    [
        ({"COLORTERM": "truecolor"}, "dark"),
        ({"TERM": "xterm-256color"}, "dark"),
        ({"TERM": "xterm-256color", "COLORFGBG": "0;15"}, "light"),
        ({"TERM": "xterm"}, "ansi"),
        ({"TERM": "linux"}, "ansi"),
        ({"COLORTERM": "truecolor", "NO_COLOR": "1"}, "mono"),
        ({"COLORTERM": "truecolor", "NO_COLOR": ""}, "dark"),
        ({"TERM": "xterm", "FORNY_THEME": "contrast"}, "contrast"),
        ({"TERM": "xterm", "FORNY_THEME": "no such"}, "ansi"),
    ],
)
def test_the_palette_follows_the_terminal(environ: dict[str, str], palette: str) -> None:
    assert choose(environ).name == palette


@pytest.mark.parametrize("glyphs", [Glyphs(), ASCII])
def test_glyphs_take_one_cell(glyphs: Glyphs) -> None:
    for field in fields(glyphs):
        assert cell_len(getattr(glyphs, field.name)) == 1, field.name
    states = [glyphs.fine, glyphs.customer, glyphs.operator, glyphs.incident, glyphs.wait]
    assert len(set(states)) == 5, "a state is known without its colour"


def test_plain_letters_where_there_are_no_others() -> None:
    assert choose_glyphs({}, "utf-8") == Glyphs()
    assert choose_glyphs({}, "ISO-8859-1") is ASCII
    assert choose_glyphs({"FORNY_ASCII": "1"}, "utf-8") is ASCII
    assert all(getattr(ASCII, field.name).isascii() for field in fields(ASCII))


def test_dark_and_light_are_what_they_say() -> None:
    assert DARK.dark and not LIGHT.dark
