"""The table of texts: every text is used, every one that is used is there, and what is said fills it as it wants."""

import ast
import re
import string
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import pytest

from backend.model.facts import Act, Consent, Fetch, HeldReason, PostingState, Stage, Transfer, Verdict
from backend.model.plans import ActionState
from backend.rules.explain import OWN_STEPS, RENEW_STEPS
from backend.rules.table import RULES
from backend.texts import area, filled, table, texts_in

ROOT = Path(__file__).parents[1]
TEXTS = table()
HEADS = {key.partition(".")[0] for key in TEXTS if "." in key}
NODES = [
    node
    for path in chain(ROOT.glob("backend/**/*.py"), ROOT.glob("tui/**/*.py"))
    for node in ast.walk(ast.parse(path.read_text("utf-8")))
]
WORDS = {node.value for node in NODES if isinstance(node, ast.Constant) and isinstance(node.value, str)}
KEYS = {word for word in WORDS if re.fullmatch(r"[a-z_]+(\.[a-z_0-9]+)+", word) and word.partition(".")[0] in HEADS}
ELSEWHERE = {
    "config.toml",
    "audit.anchor_back",
    "audit.anchor_failed",
    "audit.rewritten",
    "reminder.failed",
    "reminder.unknown",
}
ELSEWHERE |= {f"plan.{done}" for done in ("approval_asked", "approved", "declined", "kept", "lapsed", "run", "stopped")}
ELSEWHERE |= {f"problem.{done}" for done in ("opened", "worse", "closed", "assigned", "snoozed", "woken")}
ELSEWHERE |= {"problem.muted", "problem.unmuted"}
"""Words that look like keys and are none: a file, and kinds of events."""
SILENT = {"console.next.fine"}
"""Where saying nothing is the text."""


def _patterns() -> Iterator[str]:
    """Each f-string that makes a key, as a pattern; a key of two steps (`word("console.consent", value)`) too."""
    for node in NODES:
        if isinstance(node, ast.JoinedStr):
            parts = [str(part.value) if isinstance(part, ast.Constant) else None for part in node.values]
            if parts[0] and "." in parts[0] and parts[0].partition(".")[0] in HEADS:
                yield "".join(r"[a-z_0-9.]+" if part is None else re.escape(part) for part in parts)
    for key in KEYS - TEXTS.keys() - ELSEWHERE:
        yield re.escape(key) + r"\.\w+"
    for key in KEYS & TEXTS.keys():
        yield re.escape(key) + r"\.(short|many)"


PATTERNS = sorted(set(_patterns()))


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def test_no_text_is_unused() -> None:
    whole = re.compile("|".join(PATTERNS))
    assert [key for key in TEXTS if key not in WORDS and not whole.fullmatch(key)] == []


def test_no_text_is_missing() -> None:
    for pattern in PATTERNS:
        if not pattern.endswith("(short|many)"):
            assert any(re.fullmatch(pattern, key) for key in TEXTS), f"no text is called {pattern}"


def test_what_is_said_fills_the_text_as_it_wants() -> None:
    for node in NODES:
        if isinstance(node, ast.Call) and node.args and isinstance(first := node.args[0], ast.Constant):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            given = {word.arg for word in node.keywords}
            if name.endswith("say") and first.value in TEXTS and None not in given:
                assert given == fields(TEXTS[first.value][1]), first.value


def test_both_languages_take_the_same_values_and_columns() -> None:
    for key, (danish, english) in TEXTS.items():
        assert key in SILENT or (danish.strip() and english.strip()), key
        assert fields(danish) == fields(english), key
        assert _plain(danish).count("|") == _plain(english).count("|"), f"{key}: as many columns in both"


def test_a_value_has_a_name_and_at_most_the_two_words_of_its_number() -> None:
    for key, text in ((key, text) for key, both in TEXTS.items() for text in both):
        for before, name, spec, conversion in string.Formatter().parse(text):
            assert name is None or name.isidentifier(), key
            assert not conversion and (not spec or re.fullmatch(r"[^{}|]*\|[^{}|]*", spec)), f"{key}: {{n:one|many}}"
            assert before.replace("\n", "").isprintable(), key


def _plain(text: str) -> str:
    return "".join(before for before, *_ in string.Formatter().parse(text))


@pytest.mark.parametrize("count", [0, 1, 2, "1", "1.234"])
def test_one_is_said_in_the_singular(count: object) -> None:
    one = str(count) == "1"
    assert filled("{n} {n:dag|dage} {all}", {"n": count, "all": "1|2"}) == f"{count} {'dag' if one else 'dage'} 1|2"


def test_an_unknown_text_and_a_missing_value_are_errors() -> None:
    with pytest.raises(KeyError):
        texts_in("da")("nothing.is.called.so")
    with pytest.raises(KeyError):
        filled("{n:dag|dage}", {})
    with pytest.raises(ValueError):
        texts_in("zz")


def under(stem: str) -> set[str]:
    return {key.removeprefix(f"{stem}.") for key in TEXTS if key.startswith(f"{stem}.")}


@pytest.mark.parametrize(
    ("stem", "words"),
    [
        ("situation", {rule.situation for rule in RULES if rule.situation}),
        (
            "sentence",
            {rule.situation for rule in RULES if rule.situation}
            | {"fine", "removed", "the_bank", "soon", "link_is_out"},
        ),
        ("why.consent", Consent),
        ("why.fetch", Fetch),
        ("why.held", HeldReason),
        ("why.case", {stage for stage in Stage if stage.open}),
        ("next", {"wait_until", *RENEW_STEPS.values(), *Act, *Verdict, *OWN_STEPS}),
    ],
)
def test_the_tables_of_words_are_complete_and_hold_no_more(stem: str, words: set[str]) -> None:
    assert under(stem) == set(words)


def test_every_answer_has_a_next_step() -> None:
    assert {*OWN_STEPS, *RENEW_STEPS} <= {rule.situation for rule in RULES}


@pytest.mark.parametrize(
    ("stem", "words"),
    [
        ("verdict", Verdict),
        ("consent", Consent),
        ("fetch", Fetch),
        ("transfer", Transfer),
        ("state", ActionState),
        ("posting", PostingState),
        ("stage", Stage),
        ("held", HeldReason),
        ("act", Act),
        ("next", {*Act, *Verdict}),
    ],
)
def test_every_word_of_the_axes_has_its_text(stem: str, words: set[str]) -> None:
    assert set(words) <= under(f"console.{stem}")


def test_a_table_that_cannot_be_read_is_told_with_its_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backend.texts._FOLDER", tmp_path)
    for wrong in ("# a\nkey\tonly Danish", "a\tb\tc\na\tb\tc"):
        (tmp_path / "broken.tsv").write_text(wrong)
        area.cache_clear()
        with pytest.raises(ValueError, match=r"broken\.tsv, line 2"):
            area("broken")
    area.cache_clear()
