"""Every text of the console is used, and every text that it uses is there."""

import ast
import re
from pathlib import Path

import tui
from backend.texts import audit, console, pages, plans

SHARED = audit.TEXTS | plans.TEXTS
TEXTS = console.TEXTS | pages.TEXTS | {key: text for key, text in SHARED.items() if key.startswith("console.")}
SOURCES = sorted(Path(tui.__file__).parent.rglob("*.py"))


def _patterns() -> set[str]:
    """Each literal `console.…` of the sources as a pattern; what is put into it stands for any word."""
    found: set[str] = set()
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.add(re.escape(node.value))
            elif isinstance(node, ast.JoinedStr):
                parts = (
                    re.escape(str(part.value)) if isinstance(part, ast.Constant) else "[^ ]+" for part in node.values
                )
                found.add("".join(parts))
    return {pattern for pattern in found if pattern.startswith(r"console\.") and not pattern.endswith(r"\.")}


def test_no_text_is_unused() -> None:
    found, keys = _patterns(), {re.escape(key) for key in TEXTS}
    # `word("console.consent", value)` and `{key}.many` put a key together in two steps.
    patterns = [re.compile(pattern + (r"(\.(short|many))?" if pattern in keys else r"\.\w+")) for pattern in found]
    patterns += [re.compile(pattern) for pattern in found]
    unused = [key for key in TEXTS if not any(pattern.fullmatch(key) for pattern in patterns)]
    assert unused == []


def test_no_text_is_missing() -> None:
    missing = [
        pattern
        for pattern in _patterns()
        if not any(re.fullmatch(pattern, key) or re.match(pattern + r"\.", key) for key in TEXTS)
    ]
    assert missing == []


def test_both_languages_take_the_same_values() -> None:
    for key, (danish, english) in TEXTS.items():
        assert set(re.findall(r"{(\w+)}", danish)) == set(re.findall(r"{(\w+)}", english)), key


def test_every_word_of_the_axes_has_its_text() -> None:
    from backend.model.facts import Act, Consent, Fetch, HeldReason, PostingState, Stage, Transfer, Verdict
    from backend.model.plans import ActionState

    words = [f"console.verdict.{word}" for word in Verdict]
    words += [f"console.consent.{word}" for word in Consent]
    words += [f"console.fetch.{word}" for word in Fetch]
    words += [f"console.transfer.{word}" for word in Transfer]
    words += [f"console.state.{word}" for word in ActionState]
    words += [f"console.posting.{word}" for word in PostingState]
    words += [f"console.stage.{word}" for word in Stage]
    words += [f"console.held.{word}" for word in HeldReason]
    words += [f"console.act.{word}" for word in Act]
    words += [f"console.next.{word}" for word in (*Act, *Verdict)]
    assert [word for word in words if word not in TEXTS] == []
