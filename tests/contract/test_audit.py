"""The audit log's contract: it grows at its end only, and each way of tampering with it is found, named and placed."""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.audit_file import Export, check_file, write_private
from backend.model.audit import GENESIS, Checker, Damage, EventFilter, Finding, Witness, chain
from backend.model.clock import millis
from backend.model.facts import Act, Case, Stage
from backend.model.plans import ActionState, Order, Plan, PlanItem
from backend.rules.assess import assess
from backend.store import Store, StoreError, open_store
from backend.store.audit import SEAL_AFTER, SEAL_LINES
from backend.store.dialect import statements
from tests.conftest import NewPlace, Place
from tests.fakes import NOON, HandClock, claim, confirm, records

LINES = 12


@pytest.fixture
def store(place: Place) -> Iterator[Store]:
    opened = open_store(place, assess=assess, clock=HandClock())
    opened.operator, opened.terminal = "eva", "pts/3 from 10.0.0.5"
    yield opened
    opened.close()


def fill(store: Store, lines: int = LINES) -> None:
    """So many lines, a minute apart, the first at noon."""
    for minute in range(lines):
        store.say("test.line", None, {"n": minute}, NOON + timedelta(minutes=minute))


def tamper(store: Store, *statements: str) -> None:
    """What somebody does who may write the file: the triggers are no obstacle to him."""
    raw = store.db.raw
    if store.db.shared:
        raw.execute("ALTER TABLE events DISABLE TRIGGER USER; ALTER TABLE checkpoints DISABLE TRIGGER USER")
    else:
        for row in store.db.rows("SELECT name FROM sqlite_master WHERE type = 'trigger'"):
            raw.execute(f"DROP TRIGGER {row['name']}")
    for statement in statements:
        raw.execute(statement)


def rechain(store: Store, first: int = 1) -> None:
    """Hash the lines anew from `first` on, as one does who knows how but has no key."""
    prev = store.db.value("SELECT hash FROM events WHERE seq = ?", (first - 1,)) or GENESIS
    for row in store.db.rows("SELECT * FROM events WHERE seq >= ? ORDER BY seq", (first,)):
        digest = chain(prev, tuple(row)[:7])
        store.db.run("UPDATE events SET prev = ?, hash = ? WHERE seq = ?", (prev, digest, row["seq"]))
        prev = digest


def found(store: Store, *anchors: Witness) -> list[tuple[Damage, int, int]]:
    return [(one.damage, one.first, one.last) for one in store.verify_audit(anchors).findings]


# -- it only grows ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE events SET operator = 'nobody' WHERE seq = 3",
        "DELETE FROM events WHERE seq = 3",
        "DELETE FROM events",
        "INSERT INTO events SELECT seq, at, kind, connection, 'x', host, data, prev, hash FROM events WHERE seq = 3"
        " ON CONFLICT (seq) DO UPDATE SET operator = 'x'",
        "INSERT INTO events SELECT seq + 1000, at, kind, connection, operator, host, data, prev, hash FROM events"
        " WHERE seq = 3",
        "UPDATE checkpoints SET hash = ''",
        "DELETE FROM checkpoints",
    ],
)
def test_the_database_refuses_to_change_or_delete_a_line(store: Store, statement: str) -> None:
    fill(store)
    store.seal_audit(NOON)
    with pytest.raises(Exception, match="audit log"):
        store.db.raw.execute(statement)
    assert store.verify_audit().whole and store.verify_audit().checked == LINES


def test_many_lines_at_once_make_the_same_chain_as_one_by_one(store: Store) -> None:
    with store.db.write():
        store.log_many((("sync.intent", None, {"n": n}) for n in range(5)), NOON, operator="bo")
        store.log("sync.done", None, {}, NOON, operator="bo")
        store.log_many([], NOON)
    events = store.events(0, 99)
    assert [(e.seq, e.kind) for e in events] == [(n, "sync.intent") for n in range(1, 6)] + [(6, "sync.done")]
    assert store.verify_audit().whole


_WRITE = """
import sys
from backend.rules.assess import assess
from backend.store import open_store
from tests.fakes import NOON, HandClock, place_of
store = open_store(place_of(sys.argv[1]), assess=assess, clock=HandClock())
for n in range(40):
    with store.db.write():
        store.log_many([("test.line", None, {"n": n})] * 5, NOON)
store.close()
"""


def test_processes_that_write_at_once_keep_one_chain(place: Place, store: Store) -> None:
    running = [subprocess.Popen([sys.executable, "-c", _WRITE, str(place)]) for _ in range(3)]
    assert [process.wait() for process in running] == [0, 0, 0]
    report = store.verify_audit()
    assert report.whole and report.checked == 600


# -- who, and from where ---------------------------------------------------------------------------------------


def test_a_line_names_the_operator_and_his_terminal_or_the_agent(store: Store) -> None:
    store.import_records(records(range(1)), NOON, "eva")
    item = PlanItem(connection="c1", agreement_number="", customer="", bank="", fate="run")
    plan = confirm(store, Plan(act=Act.SYNC, operator="eva", created_at=NOON, items=(item,)), store.host).plan
    with store.become_agent("agent"):
        (action,) = claim(store, NOON)
        store.mark_sent(action.id, NOON)
        store.say("login.failed", None, {}, NOON)
        store.settle_action(action.id, ActionState.DONE, NOON)
    lines = {event.kind: event for event in store.events(0, 99)}
    assert lines["import"].operator == lines["sync.intent"].operator == lines["sync.done"].operator == "eva"
    assert lines["import"].data["terminal"] == lines["sync.intent"].data["terminal"] == "pts/3 from 10.0.0.5"
    assert lines["sync.intent"].data["plan"] == lines["sync.done"].data["plan"] == plan
    assert "terminal" not in lines["sync.sent"].data, "the agent's terminal is nobody's who asked"
    assert lines["login.failed"].operator == "agent" and "terminal" not in lines["login.failed"].data


def test_acts_that_an_operator_takes_back_name_him(store: Store) -> None:
    store.import_records(records(range(2)), NOON, "eva")
    items = tuple(PlanItem(connection=c, agreement_number="", customer="", bank="", fate="run") for c in ("c1", "c2"))
    plan = confirm(store, Plan(act=Act.SYNC, operator="eva", created_at=NOON, items=items), "h").plan
    store.steer_plan(plan, Order.CANCEL, NOON, operator="bo", host="desk-7")
    lines = [event for event in store.events(0, 99) if event.kind == "sync.cancelled"]
    assert [(e.connection, e.operator, e.host, e.data["plan"]) for e in lines] == [
        ("c1", "bo", "desk-7", plan),
        ("c2", "bo", "desk-7", plan),
    ]


def test_a_link_that_was_asked_for_names_who_asked(store: Store) -> None:
    store.import_records(records(range(1)), NOON, "eva")
    item = PlanItem(connection="c1", agreement_number="", customer="", bank="", fate="run")
    asked = confirm(store, Plan(act=Act.RENEW, operator="bo", created_at=NOON, items=(item,)), "desk-7")
    made = Case(
        id=0,
        kind=Act.RENEW,
        connection="c1",
        agreement_number="1000",
        customer="Kunde 0",
        email="",
        action=asked.actions[0].id,
        state="one",
        stage=Stage.LINK_MADE,
        link="https://login.example.test",
        created_at=NOON,
    )
    store.open_case(made, NOON)
    store.open_case(replace(made, state="two", action=None), NOON)
    first, second = [event for event in store.events(0, 99) if event.kind == "case.link_made"]
    assert (first.operator, first.host, first.data["plan"]) == ("bo", "desk-7", asked.plan)
    assert second.operator == "agent" and "plan" not in second.data


def test_lines_are_found_by_who_what_plan_and_time(store: Store) -> None:
    with store.db.write():
        store.log("sync.intent", 1, {"plan": 1}, NOON, operator="eva")
        store.log("sync.done", 1, {"plan": 12, "reason": ""}, NOON + timedelta(hours=1), operator="B% Bo (bo)")
        store.log("note.added", 2, {"text": '"plan":1,'}, NOON + timedelta(hours=2), operator="eva")
        store.log("syncopate", None, {"n": 1, "plan": 1}, NOON + timedelta(hours=3))

    def numbers(**fields: object) -> list[int]:
        return [event.seq for event in store.events(0, 99, only=EventFilter(**fields))]  # type: ignore[arg-type]

    assert numbers(operator="eva") == [1, 3] and numbers(operator="agent") == [4]
    assert numbers(operator="bo") == numbers(operator="B% Bo") == [2] and numbers(operator="B") == []
    assert numbers(operator="Eva") == numbers(operator="BO") == numbers(operator="b% bo") == []
    assert numbers(kind="sync") == [1, 2] and numbers(kind="sync.done") == [2] and numbers(kind="syn") == []
    assert numbers(plan=1) == [1, 4] and numbers(plan=12) == [2]
    assert numbers(since=NOON + timedelta(hours=1), until=NOON + timedelta(hours=3)) == [2, 3]
    assert numbers(before=3) == [1, 2] and numbers(plan=1, operator="eva") == [1]
    assert [e.seq for e in store.events(0, 9, "c1", only=EventFilter(plan=12), newest_first=True)] == [2]


# -- each way to tamper with it --------------------------------------------------------------------------------


@pytest.mark.parametrize("seq", [1, 6, LINES])
@pytest.mark.parametrize("column", ["at", "kind", "connection", "operator", "host", "data", "prev", "hash"])
def test_an_edit_of_any_column_is_found(store: Store, column: str, seq: int) -> None:
    fill(store)
    value = {"at": "at + 1", "connection": "7", "data": "'not even JSON'"}.get(column, "'forged'")
    tamper(store, f"UPDATE events SET {column} = {value} WHERE seq = {seq}")
    assert found(store) == [(Damage.EDITED, seq, seq)]
    before = store.verify_audit().findings[0].before
    assert before == (None if seq == 1 else NOON + timedelta(minutes=seq - 2))
    assert len(store.events(0, 99)) == LINES, "what was tampered with can still be read"


@pytest.mark.parametrize("number", ["seq + 7", "seq * 3"])
@pytest.mark.parametrize("sealed", [False, True])
def test_lines_that_only_got_other_numbers_are_found(store: Store, number: str, sealed: bool) -> None:
    fill(store)
    anchors = [made] if sealed and (made := store.seal_audit(NOON)) else []
    tamper(store, f"UPDATE events SET seq = -({number}) WHERE seq > 5", "UPDATE events SET seq = -seq WHERE seq < 0")
    assert found(store, *anchors) == [(Damage.RENUMBERED, 6, 13 if "+" in number else 18)]


def test_no_connection_is_not_the_word_for_it(tmp_path: Path) -> None:
    store = open_store(tmp_path / "forny.db", assess=assess, clock=HandClock())
    fill(store)
    tamper(store, "UPDATE events SET connection = 'None' WHERE seq = 4")
    assert found(store) == [(Damage.EDITED, 4, 4)]
    store.close()


@pytest.mark.parametrize("time", ["9000000000000000000", "-1 - 9000000000000000000", "'yesterday'"])
def test_a_line_or_seal_of_no_time_can_still_be_looked_at(store: Store, time: str, tmp_path: Path) -> None:
    if store.db.shared and "'" in time:
        pytest.skip("a column of numbers takes no text there")
    fill(store)
    store.seal_audit(NOON)
    fill(store)
    store.seal_audit(NOON, at_once=True)
    tamper(store, f"UPDATE events SET at = {time} WHERE seq = 4", f"UPDATE checkpoints SET at = {time} WHERE seq = 12")
    assert found(store) == [(Damage.EDITED, 4, 4), (Damage.OTHER_KEY, 12, 12)]
    assert len(store.events(0, 99)) == 2 * LINES
    export = Export(store, store.audit_head(), NOON)
    assert len(list(export.csv_lines(str))) == 2 * LINES + 2
    write_private(tmp_path / "audit.jsonl", export.json_lines(), replace=True)
    report = check_file(tmp_path / "audit.jsonl", store.audit_key(), lambda checked: None)
    assert [one.damage for one in report.findings] == [Damage.EDITED, Damage.OTHER_KEY]


def test_a_seal_far_beyond_the_log_does_not_keep_the_agent_from_sealing(store: Store) -> None:
    fill(store)
    store.seal_audit(NOON)
    tamper(store, "INSERT INTO checkpoints (seq, at, hash, seal) VALUES (1000000, 0, 'x', 'x')")
    fill(store)
    made = store.seal_audit(NOON + SEAL_AFTER)
    assert made is not None and made.seq == 2 * LINES
    assert found(store) == [(Damage.OTHER_KEY, 1_000_000, 1_000_000)]


def test_an_edit_whose_own_hash_was_made_to_fit_is_found_by_the_next_line(store: Store) -> None:
    fill(store)
    tamper(store, "UPDATE events SET operator = 'nobody' WHERE seq = 4")
    (row,) = map(tuple, store.db.rows("SELECT * FROM events WHERE seq = 4"))
    store.db.run("UPDATE events SET hash = ? WHERE seq = 4", (chain(row[7], row[:7]),))
    assert found(store) == [(Damage.EDITED, 4, 4)]


@pytest.mark.parametrize(("first", "last"), [(1, 1), (1, 3), (6, 6), (5, 8), (9, 11)])
@pytest.mark.parametrize("closed", [False, True])
def test_lines_that_were_taken_out_are_found(store: Store, first: int, last: int, closed: bool) -> None:
    fill(store)
    gone = last - first + 1
    close = (f"UPDATE events SET seq = -seq WHERE seq > {last}", f"UPDATE events SET seq = -seq - {gone} WHERE seq < 0")
    tamper(store, f"DELETE FROM events WHERE seq BETWEEN {first} AND {last}", *(close if closed else ()))
    assert found(store) == [(Damage.DELETED, first, last)]


@pytest.mark.parametrize(("one", "other"), [(1, 2), (4, 5), (3, 9), (11, 12)])
def test_lines_that_changed_places_are_found(store: Store, one: int, other: int) -> None:
    fill(store)
    swap = f"CASE seq WHEN {one} THEN -{other} ELSE -{one} END"
    tamper(
        store,
        f"UPDATE events SET seq = {swap} WHERE seq IN ({one}, {other})",
        "UPDATE events SET seq = -seq WHERE seq < 0",
    )
    report = store.verify_audit()
    assert {item.damage for item in report.findings} == {Damage.MOVED}
    assert (one, other) in {(item.first, item.last) for item in report.findings}


@pytest.mark.parametrize("hashed", [False, True])
@pytest.mark.parametrize("at", [1, 5, LINES])
def test_a_line_that_was_put_in_is_found(store: Store, at: int, hashed: bool) -> None:
    fill(store)
    prev = store.db.value("SELECT hash FROM events WHERE seq = ?", (at - 1,)) or GENESIS
    line = (at, millis(NOON), "sync.done", 1, "eva", "h", "{}")
    tamper(
        store,
        f"UPDATE events SET seq = -seq WHERE seq >= {at}",
        "UPDATE events SET seq = 1 - seq WHERE seq < 0",
    )
    row = (*line, prev, chain(prev, line) if hashed else "f" * 64)
    store.db.run("INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
    assert found(store) == [(Damage.INSERTED, at, at)]


def test_several_kinds_of_damage_are_told_apart(store: Store) -> None:
    fill(store, 30)
    tamper(
        store,
        "UPDATE events SET host = 'elsewhere' WHERE seq = 5",
        "DELETE FROM events WHERE seq = 9",
        "UPDATE events SET data = '{}' WHERE seq = 20",
    )
    assert found(store) == [(Damage.EDITED, 5, 5), (Damage.DELETED, 9, 9), (Damage.EDITED, 20, 20)]


# -- what a chain alone cannot see -----------------------------------------------------------------------------


def test_seals_come_with_lines_or_with_time(store: Store) -> None:
    assert store.seal_audit(NOON) is None, "nothing to seal"
    fill(store, 2)
    first = store.seal_audit(NOON)
    assert first is not None and first.seq == 2 and store.seal_audit(NOON + timedelta(days=1)) is None
    store.say("test.line", None, {}, NOON)
    assert store.seal_audit(NOON + SEAL_AFTER / 2) is None
    assert store.seal_audit(NOON + SEAL_AFTER / 2, at_once=True) is not None
    with store.db.write():
        store.log_many([("test.line", None, {})] * SEAL_LINES, NOON)
    assert store.seal_audit(NOON + SEAL_AFTER / 2) is not None
    store.say("test.line", None, {}, NOON)
    assert store.seal_audit(NOON + 2 * SEAL_AFTER) is not None
    report = store.verify_audit()
    assert report.whole and report.sealed == report.checked == SEAL_LINES + 4


@pytest.mark.parametrize("kept", [0, 1, 7, LINES - 1])
def test_a_tail_that_was_cut_off_is_found_by_the_seal(store: Store, kept: int) -> None:
    fill(store)
    store.seal_audit(NOON + timedelta(hours=1))
    tamper(store, f"DELETE FROM events WHERE seq > {kept}")
    before = NOON + timedelta(minutes=kept - 1) if kept else None
    seen = NOON + timedelta(hours=1)
    assert store.verify_audit().findings == (Finding(Damage.CUT_OFF, kept + 1, LINES, before, seen),)


def test_a_log_that_was_emptied_with_its_seals_is_found_by_what_it_had_told_of(store: Store) -> None:
    assert store.verify_audit().whole, "a new store has no lines, and nothing that they could have told of"
    store.import_records(records(range(1)), NOON, "eva")
    tamper(store, "DELETE FROM events", "DELETE FROM checkpoints")
    assert found(store) == [(Damage.DELETED, 1, 1)]


def test_a_log_that_was_written_anew_is_found_by_the_seals(store: Store) -> None:
    fill(store, 4)
    store.seal_audit(NOON)
    fill(store, 8)
    store.seal_audit(NOON + timedelta(hours=2))
    tamper(store, "UPDATE events SET operator = 'nobody' WHERE seq = 6")
    rechain(store)
    report = store.verify_audit()
    assert report.findings == (Finding(Damage.REWRITTEN, 5, 12, report.findings[0].before, NOON + timedelta(hours=2)),)


def test_a_seal_cannot_be_forged_without_the_key(store: Store) -> None:
    fill(store)
    store.seal_audit(NOON)
    tamper(store, "UPDATE events SET operator = 'nobody' WHERE seq = 6")
    rechain(store)
    store.db.run("UPDATE checkpoints SET hash = (SELECT hash FROM events WHERE seq = 12)")
    assert found(store) == [(Damage.OTHER_KEY, 12, 12)]


def test_a_seal_of_another_key_is_told_as_such(store: Store) -> None:
    fill(store)
    store.seal_audit(NOON)
    store.key = lambda: b"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
    report = store.verify_audit()
    assert [one.damage for one in report.findings] == [Damage.OTHER_KEY] and report.sealed == 0


def test_what_was_hidden_together_with_its_seals_is_found_by_the_anchor(store: Store) -> None:
    fill(store, 4)
    store.seal_audit(NOON)
    fill(store, 4)
    anchor = store.seal_audit(NOON + timedelta(hours=1))
    assert anchor is not None and store.verify_audit([anchor]).anchored == 8
    tamper(store, "DELETE FROM events WHERE seq > 5", "DELETE FROM checkpoints WHERE seq > 4")
    assert found(store) == []
    assert found(store, anchor) == [(Damage.CUT_OFF, 6, 8)]
    fill(store, 9)
    assert found(store, anchor) == [(Damage.REWRITTEN, 5, 8)]


def test_what_is_written_while_the_check_runs_is_no_damage(store: Store) -> None:
    fill(store)

    def meanwhile(checked: int) -> None:
        fill(store, 1)
        store.seal_audit(NOON, at_once=True)

    assert store.verify_audit(progress=meanwhile).whole


# -- every mixture of damage -----------------------------------------------------------------------------------


def _rows(count: int) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = []
    prev = GENESIS
    for seq in range(1, count + 1):
        line = (seq, 1000 * seq, "k", None, "eva", "h", f'{{"n":{seq}}}')
        rows.append((*line, prev, prev := chain(prev, line)))
    return rows


def _checked(rows: list[tuple[object, ...]], *witnesses: Witness) -> list[Finding]:
    checker = Checker(witnesses)
    checker.take(rows)
    return list(checker.finish())


ROWS = _rows(25)
END = Witness(25, NOON, str(ROWS[-1][8]))


@settings(max_examples=300, deadline=None)
@given(st.sets(st.integers(0, 24)), st.sets(st.integers(0, 24)), st.booleans())
def test_any_edits_and_deletions_are_all_found(edited: set[int], deleted: set[int], closed: bool) -> None:
    left = [
        (*row[:4], "forged", *row[5:]) if place in edited else row
        for place, row in enumerate(ROWS)
        if place not in deleted
    ]
    if closed:
        left = [(seq, *row[1:]) for seq, row in enumerate(left, 1)]
    found = _checked(left, END)
    assert bool(found) == bool(edited or deleted)
    assert sum(one.damage is Damage.EDITED for one in found) == len(edited - deleted)
    if not (closed and edited):  # a line that is changed and renumbered stands where it stands
        told = {n for one in found if one.damage in (Damage.DELETED, Damage.CUT_OFF) for n in _span(one)}
        assert told == {place + 1 for place in deleted}


def _span(one: Finding) -> range:
    return range(one.first, one.last + 1)


@settings(max_examples=300, deadline=None)
@given(st.permutations(range(12)))
def test_any_other_order_is_found(order: list[int]) -> None:
    rows = [(seq, *ROWS[place][1:]) for seq, place in enumerate(order, 1)]
    found = _checked(rows)
    assert bool(found) == (order != sorted(order))
    assert {one.damage for one in found} <= {Damage.MOVED}


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 24), st.integers(0, 24), st.booleans())
def test_any_copy_of_a_line_put_in_is_found(source: int, place: int, hashed: bool) -> None:
    prev = ROWS[place][7]
    line = (place + 1, *ROWS[source][1:7])
    forged = (*line, prev, chain(str(prev), line) if hashed and source != place else "0" * 64)
    rows = [*ROWS[:place], forged, *((row[0] + 1, *row[1:]) for row in ROWS[place:])]  # type: ignore[operator]
    assert [(one.damage, one.first) for one in _checked(rows, END)] == [(Damage.INSERTED, place + 1)]


# -- no line, no act -------------------------------------------------------------------------------------------


def test_a_line_is_not_replaced_in_a_file(tmp_path: Path) -> None:
    store = open_store(tmp_path / "forny.db", assess=assess, clock=HandClock())
    fill(store)
    with pytest.raises(Exception, match="audit log"):
        store.db.raw.execute("INSERT OR REPLACE INTO events SELECT * FROM events WHERE seq = 3")
    store.close()


def test_nothing_is_asked_or_sent_when_the_disk_has_no_room_for_the_line(tmp_path: Path) -> None:
    store = open_store(tmp_path / "forny.db", assess=assess, clock=HandClock())
    store.import_records(records(range(2)), NOON, "eva")
    items = tuple(PlanItem(connection=c, agreement_number="", customer="", bank="", fate="run") for c in ("c1", "c2"))
    first = confirm(store, Plan(act=Act.SYNC, operator="eva", created_at=NOON, items=items[:1]), "h")
    claim(store, NOON)
    pages = store.db.value("PRAGMA page_count")
    store.db.raw.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(StoreError, match=r"full\. Nothing was sent"):
        for _ in range(999):
            store.say("test.fill", None, {"n": "x" * 900}, NOON)
    with pytest.raises(StoreError, match=r"full\. Nothing was sent"):
        confirm(store, Plan(act=Act.SYNC, operator="eva", created_at=NOON, items=items * 50), "h")
    view = store.plan(first.plan)
    assert view is not None and view.actions[0].state == ActionState.INTENT and len(store.plans(9)) == 1
    assert store.verify_audit().whole
    store.close()


def test_an_act_whose_line_cannot_be_written_is_not_marked_as_sent(new_place: NewPlace) -> None:
    store = open_store(new_place(bare=True), assess=assess, clock=HandClock())
    store.import_records(records(range(1)), NOON, "eva")
    item = PlanItem(connection="c1", agreement_number="", customer="", bank="", fate="run")
    confirm(store, Plan(act=Act.SYNC, operator="eva", created_at=NOON, items=(item,)), "h")
    (action,) = claim(store, NOON)
    broken = "CREATE TRIGGER broken BEFORE INSERT ON events\n    BEGIN SELECT RAISE(ABORT, 'no audit'); END"
    store.db.raw.execute(statements(broken)[0] if store.db.shared else broken)
    with pytest.raises(StoreError, match="no audit"):
        store.mark_sent(action.id, NOON)
    assert store.db.value("SELECT state FROM actions") == "intent"
    store.close()
