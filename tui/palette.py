"""The visual language: roles, five palettes, and the glyphs that say a state before colour does.

A widget names a role; a palette says what the role looks like. One accent colour, four state colours, and a
`selected` ground for the line of the cursor. Each colour pair is kept readable (`tests/tui/test_palette.py`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from rich.style import Style
from textual.theme import BUILTIN_THEMES, Theme

LOOKS: Mapping[str, tuple[str, str, str, str]] = {
    # role: ink, ground, weight, and its weight where colours are the terminal's own
    "text": ("ink", "ground", "", ""),
    "strong": ("strong", "ground", "", ""),
    "title": ("strong", "ground", "bold", "bold"),
    "dim": ("dim", "ground", "", ""),
    "head": ("dim", "ground", "", "underline"),
    "accent": ("accent", "ground", "bold", "bold"),
    "good": ("good", "ground", "", ""),
    "warn": ("warn", "ground", "", ""),
    "bad": ("bad", "ground", "", "bold"),
    "info": ("info", "ground", "", ""),
    "mark": ("accent", "ground", "bold", "bold"),
    "bar": ("ink", "bar", "", ""),
    "bar_dim": ("dim", "bar", "", ""),
    "bar_key": ("accent", "bar", "bold", "bold"),
    "band_production": ("band_ink", "production", "bold", "bold reverse"),
    "band_sandbox": ("band_ink", "sandbox", "bold", "reverse"),
    "panel": ("ink", "panel", "", ""),
    "panel_strong": ("strong", "panel", "bold", "bold"),
    "panel_dim": ("dim", "panel", "", ""),
    "panel_warn": ("warn", "panel", "", ""),
    "panel_bad": ("bad", "panel", "bold", "bold"),
    "button": ("ink", "button", "", "underline"),
    "button_on": ("ground", "accent", "bold", "bold reverse"),
    "button_danger": ("ground", "bad", "bold", "bold reverse"),
    "rule": ("rule", "ground", "", ""),
}
"""How each role looks. Without grounds a button and a band wear in reverse the colour that is their ground else."""


@dataclass(frozen=True)
class Palette:
    """How every role looks. `styles` are Rich style definitions; `selected` is laid over the cursor's line."""

    name: str
    dark: bool
    styles: Mapping[str, str]
    selected: str
    ground: str = ""
    raised: str = ""
    ink: str = ""
    accent: str = ""
    _cache: dict[tuple[str, bool], Style] = field(default_factory=dict, compare=False, repr=False)

    @property
    def ansi(self) -> bool:
        """Whether it speaks the terminal's own sixteen colours (or none)."""
        return not self.ground

    @cached_property
    def _over(self) -> Style:
        return Style.parse(self.selected)

    def style(self, role: str, selected: bool = False) -> Style:
        """The role's style. An unknown role raises KeyError."""
        known = self._cache.get((role, selected))
        if known is None:
            known = Style.parse(self.styles[role])
            if selected:
                # Reverse video over several colours is a patchwork: few colours mean one ground for the whole line.
                known = (Style(bold=known.bold) if self.ansi else known) + self._over
            self._cache[role, selected] = known
        return known

    def theme(self) -> Theme:
        """The same colours for what Textual paints by itself: grounds and the one-line input."""
        if self.ansi:
            base = BUILTIN_THEMES["ansi-dark"]
            return Theme(
                name=f"forny-{self.name}",
                primary="ansi_default",
                foreground="ansi_default",
                background="ansi_default",
                surface="ansi_default",
                panel="ansi_default",
                boost="ansi_default",
                ansi=True,
                dark=self.dark,
                variables=dict(base.variables),
            )
        return Theme(
            name=f"forny-{self.name}",
            primary=self.accent,
            accent=self.accent,
            foreground=self.ink,
            background=self.ground,
            surface=self.raised,
            panel=self.raised,
            dark=self.dark,
            variables={
                "input-cursor-background": self.accent,
                "input-cursor-foreground": self.ground,
                "input-selection-background": self.raised,
            },
        )


def _coloured(name: str, dark: bool, c: Mapping[str, str]) -> Palette:
    styles = {role: f"{weight} {c[ink]} on {c[ground]}" for role, (ink, ground, weight, _) in LOOKS.items()}
    return Palette(name, dark, styles, f"on {c['selected']}", c["ground"], c["bar"], c["ink"], c["accent"])


def _plain(name: str, colour: Mapping[str, str]) -> Palette:
    """A palette of the terminal's own colours; with none it works by weight and reverse alone."""

    styles = {}
    for role, (ink, ground, _, weight) in LOOKS.items():
        worn = colour.get(ground if "reverse" in weight else ink, "")
        styles[role] = f"{weight} {worn}".strip() or "none"
    return Palette(name, True, styles, "reverse")


DARK = _coloured(
    "dark",
    True,
    {
        "ground": "#11161d",
        "bar": "#1b232d",
        "panel": "#1f2935",
        "selected": "#26374c",
        "button": "#2c3948",
        "ink": "#ccd4de",
        "strong": "#f2f5f8",
        "dim": "#95a2b3",
        "rule": "#3a4757",
        "accent": "#6fb3f2",
        "good": "#82b892",
        "warn": "#e3b760",
        "bad": "#f0817b",
        "info": "#a6b4d6",
        "band_ink": "#ffffff",
        "production": "#b0352c",
        "sandbox": "#2a6a5a",
    },
)
LIGHT = _coloured(
    "light",
    False,
    {
        "ground": "#fcfcfa",
        "bar": "#ecefF2".lower(),
        "panel": "#eef3f8",
        "selected": "#d3e4f7",
        "button": "#d9e0e7",
        "ink": "#25303b",
        "strong": "#0b1219",
        "dim": "#55616e",
        "rule": "#b4bec8",
        "accent": "#0a5ba8",
        "good": "#22693a",
        "warn": "#7d5200",
        "bad": "#b0241c",
        "info": "#44568c",
        "band_ink": "#ffffff",
        "production": "#b0352c",
        "sandbox": "#2a6a5a",
    },
)
CONTRAST = _coloured(
    "contrast",
    True,
    {
        "ground": "#000000",
        "bar": "#000000",
        "panel": "#000000",
        "selected": "#00408a",
        "button": "#303030",
        "ink": "#ffffff",
        "strong": "#ffffff",
        "dim": "#d0d0d0",
        "rule": "#a0a0a0",
        "accent": "#7fd4ff",
        "good": "#8ff0a4",
        "warn": "#ffe066",
        "bad": "#ffa8a0",
        "info": "#d6dcff",
        "band_ink": "#ffffff",
        "production": "#a80000",
        "sandbox": "#00594a",
    },
)
ANSI = _plain(
    "ansi",
    {
        "dim": "bright_black",
        "rule": "bright_black",
        "accent": "cyan",
        "good": "green",
        "warn": "yellow",
        "bad": "red",
        "info": "blue",
        "production": "red",
        "sandbox": "green",
    },
)
MONO = _plain("mono", {})

PALETTES = {palette.name: palette for palette in (DARK, LIGHT, CONTRAST, ANSI, MONO)}


def choose(environ: Mapping[str, str]) -> Palette:
    """The palette for this terminal: `FORNY_THEME`, else none for NO_COLOR, few colours for few, light when told so."""
    if named := PALETTES.get(environ.get("FORNY_THEME", "")):
        return named
    if environ.get("NO_COLOR"):
        return MONO
    rich = environ.get("COLORTERM", "") in ("truecolor", "24bit") or "256color" in environ.get("TERM", "")
    if not rich:
        return ANSI
    ground = environ.get("COLORFGBG", "").rpartition(";")[2]
    return LIGHT if ground in ("7", "15") else DARK


@dataclass(frozen=True, slots=True)
class Glyphs:
    """The signs that carry a state. Every one is a single cell."""

    fine: str = "✓"
    customer: str = "◆"
    operator: str = "▲"
    incident: str = "■"
    wait: str = "○"
    cursor: str = "▌"
    lost: str = "▏"
    mark: str = "●"
    up: str = "▴"
    down: str = "▾"
    thumb: str = "┃"
    track: str = "│"
    rule: str = "─"
    held: str = "◌"
    queued: str = "○"
    acknowledged: str = "✓"
    rejected: str = "✗"
    dropped: str = "·"
    arrow: str = "→"
    dot: str = "·"
    pointer: str = "▸"
    unknown: str = "?"


ASCII = Glyphs(
    fine="+",
    customer="@",
    operator="!",
    incident="#",
    wait="~",
    cursor=">",
    lost="?",
    mark="*",
    up="^",
    down="v",
    thumb="#",
    track="|",
    rule="-",
    held="=",
    queued="~",
    acknowledged="+",
    rejected="x",
    dropped=".",
    arrow=">",
    dot="-",
    pointer=">",
)


def choose_glyphs(environ: Mapping[str, str], encoding: str) -> Glyphs:
    """Plain letters when the terminal's encoding has no others, or when `FORNY_ASCII` asks for them."""
    utf = encoding.lower().replace("-", "") in ("utf8", "utf")
    return Glyphs() if utf and not environ.get("FORNY_ASCII") else ASCII
