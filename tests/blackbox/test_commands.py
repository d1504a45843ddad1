"""Commands, fields and exit codes as DESIGN §8 names them, and bad input told in one sentence."""

import json
import sqlite3
from pathlib import Path
from typing import Any

from tests.blackbox.aiia import Account, Person, Row
from tests.blackbox.harness import World
from tests.blackbox.inbox import Inbox
from tests.blackbox.test_rows import day

LISTED = [
    "id",
    "agreement_number",
    "customer",
    "bank",
    "provider",
    "status",
    "consent",
    "fetch",
    "transfer",
    "verdict",
    "situation",
    "action",
    "wait_until",
    "expires_at",
    "data_from",
    "last_fetched",
    "pending",
    "accounts",
]
POSTED = [
    "id",
    "connection",
    "agreement_number",
    "ledger_account",
    "iban",
    "date",
    "amount",
    "currency",
    "text",
    "state",
    "reason",
    "fetched_at",
    "due_at",
    "acknowledged_at",
]


def unchanged(world: World) -> tuple[Any, ...]:
    """What an import that changes nothing leaves alone."""
    return world.listed(), world.postings(), world.run("export").out


def test_fields_of_list_and_postings(world: World) -> None:
    world.customer(1, [Row("a", day(2), "1.10", "a")], expires_at="2027-02-01T06:00:00.1234567Z")
    world.once()
    (shown,) = world.listed()
    assert set(LISTED) <= set(shown)
    assert shown["status"] in ("AKTIV", "INAKTIV")
    assert shown["consent"] in [
        "none",
        "awaiting_customer",
        "valid",
        "expiring",
        "expired",
        "superseded",
        "rejected",
        "removed",
    ]
    assert shown["verdict"] in ["customer", "wait", "operator", "incident", "fine"]
    assert shown["expires_at"].startswith("2027-02-01T06:00:00")
    assert (type(shown["pending"]), type(shown["agreement_number"])) == (int, str)
    assert set(["iban", "bban", "name", "ledger_account", "orphaned"]) <= set(shown["accounts"][0])
    (row,) = world.postings()
    assert set(POSTED) <= set(row)
    assert (row["amount"], row["state"], row["connection"], row["iban"]) == (
        "1.10",
        "acknowledged",
        shown["id"],
        "DK6999990001234501",
    )
    for stamp in (shown["last_fetched"], row["fetched_at"], row["acknowledged_at"]):
        assert stamp.endswith(("Z", "+00:00"))
    assert world.run("list", "--count").out.strip() == "1"
    assert len(world.run("list", "--csv").out.splitlines()) == 2
    assert world.run("show", "c1", "--json").json()["id"] == "c1"
    assert world.run("why", "1001", "--json").json()


def test_a_dry_run_shows_the_plan_and_changes_nothing(world: World) -> None:
    world.customer(1)
    for act in ("renew", "sync", "remove"):
        plan = world.run(act, "c1", "--dry-run", "--json").json()
        assert (plan["act"], plan["fates"], plan["actions"]) == (act, {"run": 1, "wait": 0, "refused": 0}, [])
    assert world.run("plans", "--json", code=(0, 4)).json() == []
    assert world.aiia.calls == []


def test_exit_codes(world: World) -> None:
    world.customer(1)
    assert world.run("list", "nobodyatall", "--json", code=4).json() == []
    world.run("list", "bogusfield:1", code=2)
    world.run("show", "c999", code=(2, 4))
    world.run("sync", "--filter", "nobodyatall", "--yes", code=4)
    world.run("sync", code=2)
    world.run("nonsense", code=2)
    world.run("sync", "c1", code=2)
    assert world.aiia.calls == []
    world.run("renew", "c1", "--yes", "--wait", code=5)
    world.run("renew", "c1", "--yes", "--wait", code=(3,))


def test_importing_again_changes_nothing_and_keeps_rotated_tokens(world: World) -> None:
    grant = world.aiia.grant(
        Person("a@example.test", [Account("acc-1", "DK01", None, rows=[Row("a", day(2), "1", "a")])]), "c-1"
    )
    line = world.line(1, grant)
    world.bring(line)
    world.once()
    before = unchanged(world)
    world.bring(line)
    world.bring(*world.run("export").out.splitlines())
    assert unchanged(world) == before
    grant.person.accounts[0].rows.append(Row("b", day(1), "2", "b"))
    grant.access.clear()
    world.once()
    assert len(world.inbox.arrived) == 2


def test_bad_lines_are_told_with_number_and_reason_and_good_ones_kept(world: World) -> None:
    person = Person("a@example.test", [Account("acc-1", "DK01", None)])
    good = world.line(1, world.aiia.grant(person, "c-1"))
    later = world.line(2, world.aiia.grant(Person("b@example.test", [Account("acc-2", "DK02", None)]), "c-2"))
    bad: list[object] = ["{", "[]", '"x"', good | {"agreement_number": ""}, good | {"accounts": 7}, good | {"email": 5}]
    bad += [good | {"expires_at": "never"}, good | {"provider": "nobody"}, {}, '{"a":' * 5000, "\u0000"]
    done = world.bring(good, *bad, later, code=3)
    report = done.out + done.err
    for number in range(2, 2 + len(bad)):
        assert str(number) in report
    assert [one["agreement_number"] for one in world.listed()] == ["1001", "1002"]
    world.run("import", str(world.home / "nowhere.jsonl"), code=2)
    (world.home.parent / "latin.jsonl").write_bytes(json.dumps(good).encode() + b"\n\xff\xfe\n")
    world.run("import", str(world.home.parent / "latin.jsonl"), code=3)


def one_sentence(said: str) -> None:
    """A refusal is short and names no line of code."""
    assert 0 < len(said.strip().splitlines()) <= 4, said
    assert "Traceback" not in said and "Error(" not in said


def test_a_wrong_address_is_told_and_nothing_is_lost(world: World) -> None:
    world.customer(1, [Row("a", day(2), "1", "a")])
    for url in ("http://127.0.0.1:1", "not a url", "ftp://x", "http://none.example.test", ""):
        one_sentence(world.run("agent", "--once", code=(1, 2, 3), FORNY_AIIA_BASE_URL=url).err)
    assert world.listed()[0]["status"] == "AKTIV"
    assert world.mailbox and world.mailbox.mails == []
    world.once()
    assert len(world.inbox.arrived) == 1


def test_a_wrong_inbox_token_or_address_keeps_the_rows(world: World) -> None:
    world.customer(1, [Row("a", day(2), "1", "a")])
    world.run("agent", "--once", code=(1, 3), FORNY_RECONCILIATION_TOKEN="wrong")
    world.run("agent", "--once", code=(1, 2, 3), FORNY_RECONCILIATION_URL="http://127.0.0.1:1")
    assert [one["state"] for one in world.postings()] == ["queued"]
    world.run("doctor", code=1, FORNY_RECONCILIATION_TOKEN="wrong")
    world.once()
    assert len(world.inbox.arrived) == 1


def test_stores_that_cannot_be_used(world: World) -> None:
    newer = world.home / "newer.db"
    world.run("list", "--json", code=(0, 4), FORNY_STORE=str(newer))
    with sqlite3.connect(newer) as connection:
        for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type='table'").fetchall():
            columns = [one[1] for one in connection.execute(f"PRAGMA table_info({name})")]
            if name.lower() in ("meta", "schema", "schema_version", "migrations") and "version" in columns:
                connection.execute(f"UPDATE {name} SET version = 9999")
        connection.execute("PRAGMA user_version = 9999")
    connection.close()
    garbage = world.home / "garbage.db"
    garbage.write_bytes(b"this is no database " * 500)
    places = [newer, garbage, Path("/proc/forny/x.db"), world.home, world.home / "file" / "x.db"]
    (world.home / "file").write_text("a file")
    for place in places:
        for words in (["list", "--json"], ["agent", "--once"]):
            one_sentence(world.run(*words, code=(1, 2), FORNY_STORE=str(place)).err)
    assert garbage.read_bytes() == b"this is no database " * 500


def test_a_broken_configuration_is_told_in_its_place(world: World) -> None:
    config = world.home / "config.toml"
    for text in ("[", "nonsense = 1", "fetch_every = 'soon'", "\x00"):
        config.write_text(text)
        done = world.run("--config", str(config), "agent", "--once", code=2)
        one_sentence(done.err)
    for name in ("env:NOT_THERE", "file:/not/there"):
        one_sentence(world.run("agent", "--once", code=2, FORNY_AIIA_CLIENT_SECRET=name).err)


def test_a_secret_in_the_configuration_file_is_refused(world: World) -> None:
    config = world.home / "config.toml"
    config.write_text('aiia_client_secret = "in the clear"\n')
    assert "in the clear" not in world.run("--config", str(config), "config", "validate", code=2).err


def test_secrets_by_reference_work(world: World) -> None:
    world.customer(1, [Row("a", day(2), "1", "a")])
    secret = world.home.parent / "inbox-token"
    secret.write_text(Inbox.TOKEN + "\n")
    world.run(
        "agent",
        "--once",
        FORNY_AIIA_CLIENT_SECRET="env:REAL",
        REAL=world.aiia.SECRET,
        FORNY_RECONCILIATION_TOKEN=f"file:{secret}",
    )
    assert len(world.inbox.arrived) == 1
