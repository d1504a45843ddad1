"""The commands' texts: every key that is used exists, every key is used, and both languages say the same values."""

import re
import string
from pathlib import Path

import pytest

from backend.texts import audit, commands, history, setup

SHARED = history.TEXTS | audit.TEXTS
TEXTS = commands.TEXTS | {key: text for key, text in SHARED.items() if key.startswith("cli.")} | setup.TEXTS
ROOT = Path(__file__).parents[2]
SOURCES = [*ROOT.glob("tui/commands/*.py"), ROOT / "tui/demo.py", ROOT / "tui/cli.py"]
SOURCES += [ROOT / "backend" / f"{name}.py" for name in ("settings", "setting_values", "references", "importing")]
SOURCES += [ROOT / "backend" / f"{name}.py" for name in ("doctor", "runtime", "operations")]
CODE = "\n".join(path.read_text("utf-8") for path in SOURCES)
LITERALS = set(re.findall(r'"((?:cli|config|import|doctor|demo|setting)\.[a-z_.]+)"', CODE)) - {"config.toml"}
PREFIXES = set(re.findall(r'f"((?:cli|config|import|doctor|demo|setting)\.[a-z_.]*)\{', CODE))


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_every_key_that_is_used_exists() -> None:
    assert LITERALS - TEXTS.keys() == set()
    for prefix in PREFIXES:
        assert any(key.startswith(prefix) for key in TEXTS), prefix


def test_every_key_is_used() -> None:
    unused = {key for key in TEXTS if key not in LITERALS and not key.startswith(tuple(PREFIXES))}
    assert unused == set()


@pytest.mark.parametrize("key", sorted(TEXTS))
def test_both_languages_name_the_same_values(key: str) -> None:
    danish, english = TEXTS[key]
    assert placeholders(danish) == placeholders(english)
    assert danish and english
    assert danish.count("|") == english.count("|"), "a header has as many columns in both"
