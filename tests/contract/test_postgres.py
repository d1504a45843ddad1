"""What only a server can do to a store: go away, take a process for dead, let a role do less than all."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from backend import doctor
from backend.config import Secret, Settings
from backend.guard import GuardedDoor
from backend.model.audit import EventFilter
from backend.model.facts import Act
from backend.model.filters import EVERYTHING
from backend.model.people import Role
from backend.model.plans import Plan, PlanError, PlanItem
from backend.rules.assess import assess
from backend.runtime import Runtime
from backend.store import AgentBusy, Store, StoreError, open_store
from backend.store.dialect import numbered, statements
from backend.texts import texts_in
from tests.fakes import NOON, HandClock, claim, confirm, record, records, willing
from tests.postgres import Server

ROLES = Path(__file__).parents[2] / "docs" / "postgres.md"


@pytest.fixture
def database(server: Server, own_keys: None) -> Iterator[str]:
    name = server.lend()
    yield name
    server.take_back(name)


@pytest.fixture
def opened(server: Server, database: str) -> Iterator[Callable[[], Store]]:
    """Opens the database as one more process would."""
    stores: list[Store] = []

    def another() -> Store:
        stores.append(open_store(server.url(database), assess=assess, clock=HandClock()))
        return stores[-1]

    yield another
    for store in stores:
        store.close()


@pytest.fixture
def drop(server: Server, database: str) -> Callable[[], None]:
    """Ends every connection to the database, as a restart of the server does."""
    return lambda: server.ask(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database}'")


def sync(store: Store, *connections: str) -> None:
    confirm(store, Plan(act=Act.SYNC, operator="eva", created_at=NOON, items=plan_items(*connections)))


def plan_items(*connections: str) -> tuple[PlanItem, ...]:
    return tuple(PlanItem(connection=c, agreement_number="", customer="", bank="", fate="run") for c in connections)


def test_a_read_is_asked_again_and_a_write_is_not(opened: Callable[[], Store], drop: Callable[[], None]) -> None:
    store = opened()
    store.import_records(records(range(3)), NOON, "eva")
    drop()
    assert store.fleet_count(EVERYTHING, NOON) == 3
    with pytest.raises(StoreError, match="lost"), store.db.write():
        store.log("before", None, {}, NOON)
        drop()
        store.log("after", None, {}, NOON)
    with pytest.raises(StoreError, match="nobody knows"), store.db.write():
        store.log("unknown", None, {}, NOON)
        drop()
    store.say("works", None, {}, NOON)
    assert [event.kind for event in store.events(0, 99)][-1:] == ["works"] and store.verify_audit().whole


def test_every_new_connection_has_the_settings_of_the_first(
    opened: Callable[[], Store], drop: Callable[[], None]
) -> None:
    store = opened()
    names = ("search_path", "jit", "synchronous_commit", "lock_timeout", "idle_in_transaction_session_timeout")

    def settings() -> list[str]:
        return [store.db.value(f"SHOW {name}") for name in names]

    first, pid = settings(), store.db.value("SELECT pg_backend_pid()")
    assert first[:3] == ["forny", "off", "on"]
    drop()
    assert settings() == first and store.db.value("SELECT pg_backend_pid()") != pid


def test_the_table_that_every_fetch_changes_is_vacuumed_often(opened: Callable[[], Store]) -> None:
    found = opened().db.value(
        "SELECT array_to_string(reloptions, ' ') FROM pg_class WHERE oid = to_regclass('connections')"
    )
    assert "autovacuum_vacuum_scale_factor=0.005" in found


def test_what_waits_after_a_lost_connection_is_told_to_all_and_written_nowhere(
    opened: Callable[[], Store], drop: Callable[[], None]
) -> None:
    store = opened()

    def one() -> None:
        store.say("one", None, {}, NOON)
        drop()

    first = store.enqueue(one)
    second = store.enqueue(lambda: store.say("two", None, {}, NOON))
    for future in (first, second):
        assert isinstance(future.exception(), StoreError | None)
    assert first.exception() is not None
    kinds = [event.kind for event in store.events(0, 99)]
    assert "one" not in kinds and ("two" in kinds) == (second.exception() is None)


def test_who_waits_outlasts_one_who_was_stopped_in_the_middle_of_a_write(opened: Callable[[], Store]) -> None:
    store = opened()
    limits = store.db.rows(
        "SELECT name, CAST(setting AS INTEGER) AS ms FROM pg_settings"
        " WHERE name IN ('lock_timeout', 'idle_in_transaction_session_timeout')"
    )
    ms = {row["name"]: row["ms"] for row in limits}
    assert 0 < ms["idle_in_transaction_session_timeout"] < ms["lock_timeout"]


def test_who_was_taken_for_dead_sends_nothing(opened: Callable[[], Store], drop: Callable[[], None]) -> None:
    store, other = opened(), opened()
    store.import_records(records(range(2)), NOON, "eva")
    sync(store, "c1", "c2")
    first, second = claim(store)
    assert store.mark_sent(first.id, NOON) and claim(other) == []
    name = store.sessions.open()
    drop()
    assert not store.mark_sent(second.id, NOON) and store.sessions.open() != name
    taken = claim(other)
    assert {(action.id, str(action.state)) for action in taken} >= {(first.id, "unknown")}


def test_an_agent_that_lost_its_right_to_another_writes_nothing(
    opened: Callable[[], Store], drop: Callable[[], None]
) -> None:
    store, other = opened(), opened()
    with store.become_agent("agent"):
        drop()
        store.say("still the agent", None, {}, NOON)  # nobody had taken it meanwhile
        drop()
        with other.become_agent("once"):
            with pytest.raises(StoreError, match="another agent"):
                store.say("too late", None, {}, NOON)
            with pytest.raises(AgentBusy), opened().become_agent("agent"):
                pass
    assert "too late" not in [event.kind for event in store.events(0, 99)]


def test_a_change_elsewhere_is_heard_and_nothing_else_is(opened: Callable[[], Store], drop: Callable[[], None]) -> None:
    store, other = opened(), opened()
    before = store.data_version()
    with other.db.write():
        other.fleet_count(EVERYTHING, NOON)
    assert store.data_version() == before
    other.import_records([record(1)], NOON, "eva")
    while (after := store.data_version()) == before:
        pass
    drop()
    while store.data_version() == after:
        pass


def test_an_operators_role_adds_to_the_audit_log_and_changes_nothing_there(
    server: Server, database: str, opened: Callable[[], Store]
) -> None:
    owner = opened()
    owner.import_records(records(range(2)), NOON, "owner")
    (script,) = re.findall(r"((?:    .*;\n)+)", ROLES.read_text().split("## Roles")[1])
    server.ask(script, database)
    url = server.url(database).replace("forny@", "eva@", 1)
    eva = open_store(url, assess=assess, clock=HandClock())
    sync(eva, "c1")
    with eva.become_agent("once"):
        (action,) = claim(eva)
        assert eva.mark_sent(action.id, NOON)
    plan = Plan(act=Act.REMOVE, operator="eva", created_at=NOON, items=plan_items("c2"))
    asked = eva.save_plan(plan, "h")
    eva.run_plan(asked, willing, NOON, operator="Eva (eva)", host="h", approval=True)
    as_bo = GuardedDoor(eva, Role.ADMIN)
    with pytest.raises(PlanError) as caught:
        as_bo.approvable(asked, "bo", NOON)
    assert caught.value.key == "plan.own_login"
    GuardedDoor(owner, Role.ADMIN).approvable(asked, "bo", NOON)
    assert [event.data["login"] for event in owner.events(0, 99, only=EventFilter(kind="plan.approval_asked"))] == [
        "eva"
    ]
    for statement in (
        *("UPDATE events SET kind = ''", "DELETE FROM checkpoints", "TRUNCATE events"),
        "UPDATE migrations SET name = ''",
    ):
        with pytest.raises(StoreError, match=r"Your role may not do that.*docs/postgres\.md"), eva.db.write():
            eva.db.run(statement)
    assert eva.verify_audit().whole
    eva.close()
    server.ask("DROP OWNED BY forny_operators; DROP ROLE eva; DROP ROLE forny_operators", database)


def test_the_owner_cannot_empty_the_audit_log_either(opened: Callable[[], Store]) -> None:
    owner = opened()
    owner.say("stays", None, {}, NOON)
    for table in ("events", "checkpoints"):
        with pytest.raises(Exception, match="append-only"), owner.db.write():
            owner.db.run(f"TRUNCATE {table}")
    assert [event.kind for event in owner.events(0, 9)] == ["stays"]


def test_who_only_looks_writes_nothing_though_time_has_changed_something(
    server: Server, database: str, opened: Callable[[], Store]
) -> None:
    owner = opened()
    owner.import_records(records(range(2)), NOON, "owner")
    with owner.db.write():
        owner.db.run("UPDATE connections SET next_change_at = 1")
    lines = len(owner.events(0, 99))
    server.ask("CREATE ROLE viewer LOGIN; GRANT USAGE ON SCHEMA forny TO viewer", database)
    server.ask("GRANT SELECT ON ALL TABLES IN SCHEMA forny TO viewer", database)
    viewer = open_store(server.url(database).replace("forny@", "viewer@", 1), assess=assess, clock=HandClock())
    with pytest.raises(StoreError, match="Your role may not"):
        viewer.fleet_count(EVERYTHING, NOON)
    viewer.read_only = True
    assert viewer.fleet_count(EVERYTHING, NOON) == len(viewer.fleet(EVERYTHING, "id", False, 0, 9, NOON)) == 2
    assert len(owner.events(0, 99)) == lines
    viewer.close()
    server.ask("DROP OWNED BY viewer; DROP ROLE viewer", database)


def test_the_session_is_ours_whatever_the_database_prefers(server: Server, database: str, own_keys: None) -> None:
    for setting in (
        "default_transaction_isolation = 'serializable'",
        "statement_timeout = 60000",
        "search_path = public",
    ):
        server.ask(f"ALTER DATABASE {database} SET {setting}")
    try:
        store = open_store(server.url(database), assess=assess, clock=HandClock())
        with store.db.write():
            assert store.db.value("SELECT current_setting('transaction_isolation')") == "read committed"
        waits = "SELECT CAST(setting AS integer) FROM pg_settings WHERE name = ?"
        idle = store.db.value(waits, ("idle_in_transaction_session_timeout",))
        assert 0 < idle < store.db.value(waits, ("lock_timeout",)) and not store.db.value(waits, ("statement_timeout",))
        assert "options" not in store.db._url  # type: ignore[attr-defined]
        store.close()
    finally:
        server.ask(f"ALTER DATABASE {database} RESET ALL")


def test_doctor_says_when_this_host_lacks_the_tokens_key(
    server: Server, database: str, opened: Callable[[], Store], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = opened()
    settings = Settings(store=Secret(reference="env:STORE", value=server.url(database)))
    runtime = Runtime(settings, HandClock(), texts_in("en"), {})

    def failures() -> list[str]:
        found = doctor._Examination(texts_in("en"))
        doctor._store(runtime, found)
        return [one.text for one in found.findings if one.level == doctor.FAIL]

    first.say("sealed", None, {}, NOON)
    first.seal_audit(NOON)
    assert failures() == []
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "another host"))
    runtime.close()
    runtime = Runtime(settings, HandClock(), texts_in("en"), {})
    assert ["Set token_key on every host" in text for text in failures()] == [True]
    assert not (tmp_path / "another host").exists()
    runtime.close()


def test_tables_that_another_process_has_changed_are_read_anew(opened: Callable[[], Store]) -> None:
    store, other = opened(), opened()

    def read() -> int:
        return len(store.db.rows("SELECT * FROM notes"))

    def write() -> None:
        with store.db.write():
            read()

    for turn, again in enumerate((read, write)):
        for _ in range(9):  # until it is prepared
            again()
        with other.db.write():
            other.db.run(f"ALTER TABLE notes ADD COLUMN more{turn} TEXT")
        if again is write:
            with pytest.raises(StoreError, match="cached plan"):
                write()
        again()
    with other.db.write():
        other.db.run("ALTER TABLE notes DROP COLUMN more0, DROP COLUMN more1")


def test_a_connection_that_was_gone_before_the_commit_is_told_as_not_written(
    opened: Callable[[], Store], drop: Callable[[], None]
) -> None:
    store = opened()
    with pytest.raises(StoreError, match="not written"), store.db.write():
        store.log("one", None, {}, NOON)
        drop()
        with pytest.raises(StoreError), store.db.write():
            store.log("two", None, {}, NOON)
    assert store.events(0, 99) == []


def test_an_interrupt_while_waiting_for_the_writers_lock_leaves_no_transaction(
    opened: Callable[[], Store], monkeypatch: pytest.MonkeyPatch
) -> None:
    store = opened()
    raw = store.db.raw

    class Interrupted:
        def __getattr__(self, name: str) -> object:
            return getattr(raw, name)

        def execute(self, sql: str, *values: object, **named: object) -> object:
            done = raw.execute(sql, *values, **named)
            if sql.startswith("BEGIN"):
                raise KeyboardInterrupt
            return done

    store.db._local.connection = Interrupted()
    with pytest.raises(KeyboardInterrupt), store.db.write():
        pass
    store.db._local.connection = raw
    assert raw.info.transaction_status == 0, "idle"


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("SELECT 1", "SELECT 1"),
        ("a = ? AND b = ?", "a = $1 AND b = $2"),
        ("a = ?2 AND b = ?1 AND c = ?", "a = $2 AND b = $1 AND c = $3"),
        ("a = '?' AND b = ?", "a = '?' AND b = $1"),
        ("a IN () AND b NOT IN () AND c = ?", "a = ANY ('{}') AND b <> ALL ('{}') AND c = $1"),
    ],
)
def test_marks_are_numbered_as_sqlite_numbers_them(ours: str, theirs: str) -> None:
    assert numbered(ours) == theirs


def test_a_later_step_is_taken_and_what_only_an_old_file_needs_is_left_out() -> None:
    script = "CREATE TABLE a (id INTEGER PRIMARY KEY, b BLOB, c TEXT);\nUPDATE a SET c = json_extract(c, '$');\n"
    (made,) = statements(script)
    assert "BIGINT GENERATED" in made and "b BYTEA" in made and 'c TEXT COLLATE "C"' in made
