"""Roles by commands: who the system says one is decides, the name that one gives oneself does not."""

from collections.abc import Callable
from pathlib import Path

import pytest

from backend.model.people import Person
from tests.cli.conftest import Run, line, lines

ROLES = "admin=adam; oncall=@oncall; support=sus"

Become = Callable[..., None]


@pytest.fixture
def become(monkeypatch: pytest.MonkeyPatch) -> Become:
    """From here on the system says that we are this user."""

    def be(user: str, *groups: str) -> None:
        monkeypatch.setattr("backend.runtime.whoami", lambda: Person(user, frozenset(groups)))

    return be


@pytest.fixture
def ruled(fleet: Run, env: dict[str, str], become: Become) -> Run:
    """`forny` over five customers, in a profile with roles; it begins with a user whom nobody has named."""
    Path(env["FORNY_CONFIG"]).write_text(f'roles = "{ROLES}"\n')
    become("kim")
    return fleet


def last_act(forny: Run) -> tuple[str, str]:
    (event,) = forny("audit", "--limit", "1", "--json").json
    return event["kind"], event["operator"]


@pytest.mark.parametrize(
    "command",
    [
        ("problem", "note", "c1", "hello"),
        ("problem", "snooze", "c1", "--for", "1h"),
        ("problem", "wake", "c1"),
        ("problem", "mute", "c1"),
        ("problem", "assign", "c1"),
        ("accept", "c1", "--yes"),
        ("postings", "accept", "p_1", "--yes"),
        ("postings", "discard", "p_1", "--dry-run"),
        ("webhooks", "replay", "--since", "1d"),
        ("import", "-"),
    ],
)
def test_who_only_looks_changes_nothing(ruled: Run, command: tuple[str, ...]) -> None:
    before = ruled("audit", "--json").json
    ran = ruled(*command, stdin=lines(line(9)))
    assert ran.code == 3 and "Your role (view) may not" in ran.err and "ask " in ran.err
    ran = ruled("--read-only", *command, stdin=lines(line(9)))
    assert ran.code == 3 and "only reads" in ran.err
    assert ruled("audit", "--json").json == before


@pytest.mark.parametrize(
    ("user", "groups", "act", "reason", "told"),
    [
        ("kim", (), "sync", "role.support", "ask support"),
        ("kim", (), "remove", "role.oncall", "ask on-call"),
        ("sus", (), "remove", "role.oncall", "ask on-call"),
        ("sus", (), "sync", "", ""),
        ("ole", ("oncall",), "remove", "", ""),
    ],
)
def test_a_dry_run_says_so_instead_of_failing_late(
    ruled: Run, become: Become, user: str, groups: tuple[str, ...], act: str, reason: str, told: str
) -> None:
    become(user, *groups)
    ran = ruled(act, "c1", "c2", "--dry-run", "--json")
    assert [item["reason"] for item in ran.json["items"]] == [reason, reason]
    assert ran.code == (3 if reason else 0)
    assert told in ruled(act, "c1", "--dry-run").out
    assert ruled(act, "c1", "--yes").code == (3 if reason else 0)


def test_a_connection_is_not_made_for_who_may_not(ruled: Run) -> None:
    assert ruled("connect", "1001", "--yes").code == 3
    assert ruled("list", "1001", "--count").out.strip() == "1"


def test_more_than_one_can_look_at_needs_on_call(ruled: Run, become: Become) -> None:
    become("adam")
    assert ruled("import", "-", stdin=lines(*(line(number) for number in range(10, 40)))).code == 0
    become("sus")
    ran = ruled("sync", "--filter", "*", "--yes")
    assert ran.code == 3 and "take fewer, or ask on-call" in ran.out
    become("ole", "oncall")
    assert ruled("sync", "--filter", "*", "--yes").code == 0


def test_the_name_that_one_gives_oneself_gives_no_role_and_stands_beside_the_true_one(
    ruled: Run, become: Become
) -> None:
    assert ruled("--operator", "adam", "import", "-", stdin=lines(line(9))).code == 3
    become("sus")
    assert ruled("--operator", "adam", "problem", "note", "c1", "hello").code == 0
    assert last_act(ruled) == ("note.added", "adam (sus)")
    assert ruled("sync", "c1", "--yes").code == 0
    assert last_act(ruled) == ("sync.intent", "tester (sus)")
    assert ruled("--operator", "sus", "problem", "note", "c1", "hello").code == 0
    assert last_act(ruled) == ("note.added", "sus")


def test_only_an_admin_brings_a_store_up_to_date(
    ruled: Run, become: Become, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from backend.store import schema
    from backend.store.sqlite import SqliteEngine

    older = {"FORNY_STORE": str(tmp_path / "older.db")}
    with monkeypatch.context() as then:
        then.setattr(schema, "MIGRATIONS", schema.MIGRATIONS[:3])
        engine = SqliteEngine(tmp_path / "older.db")
        schema.migrate(engine)
        engine.close()
    become("ole", "oncall")
    ran = ruled("list", extra=older)
    assert ran.code == 1 and "its schema is 3" in ran.err and "an admin's to do" in ran.err
    become("adam")
    assert "an admin's to do" in ruled("--read-only", "list", extra=older).err
    assert "an admin's to do" not in ruled("list", extra=older).err
    become("kim")
    assert "an admin's to do" not in ruled("list", extra=older).err
    assert ruled("list", extra={"FORNY_STORE": str(tmp_path / "new.db")}).code == 4, "a new one anybody may make"


def test_without_roles_everybody_may_everything_under_the_name_he_gives(fleet: Run, become: Become) -> None:
    become("kim")
    assert fleet("remove", "c1", "--yes").code == 0
    assert last_act(fleet) == ("remove.intent", "tester")
    assert "kim: admin. The setting roles is not set" in fleet("roles").out


def test_roles_tells_mine_and_everybodys(ruled: Run, become: Become) -> None:
    become("ole", "oncall", "staff")
    ran = ruled("roles")
    assert "ole: oncall, by @oncall in roles." in ran.out
    assert "remove" in ran.out and "oncall; over 25 at once: admin" in ran.out and "up to 25" in ran.out
    told = ruled("roles", "--json").json
    assert (told["user"], told["role"], told["by"]) == ("ole", "oncall", "@oncall")
    assert {item["right"]: item["you"] for item in told["rights"]}["import"] is False
    become("kim")
    assert "names neither the user nor one of his groups" in ruled("roles").out
    assert "only reads" in ruled("--read-only", "roles").out


def test_the_agent_is_no_way_round(ruled: Run, env: dict[str, str], become: Become) -> None:
    env |= {
        "FORNY_AIIA_BASE_URL": "http://127.0.0.1:9",
        "FORNY_AIIA_CLIENT_ID": "us",
        "FORNY_AIIA_CLIENT_SECRET": "hush",
        "FORNY_AIIA_REDIRECT_URL": "http://127.0.0.1:9/aiia",
        "FORNY_RECONCILIATION_URL": "http://127.0.0.1:9",
        "FORNY_RECONCILIATION_TOKEN": "hush",
    }
    ran = ruled("agent", "--once")
    assert ran.code == 3 and "Your role (view) may not run the agent: ask support." in ran.err
    become("adam")
    ran = ruled("agent", "--once", extra={"FORNY_READ_ONLY": "true"})
    assert ran.code == 3 and "This profile only reads" in ran.err


def test_doctor_says_who_one_is_and_what_does_not_hold(ruled: Run, env: dict[str, str], become: Become) -> None:
    def found() -> list[tuple[str, str]]:
        return [(one["level"], one["text"]) for one in ruled("doctor", "--json").json if one["subject"] == "roles"]

    become("sus")
    told = found()
    assert told[0] == ("ok", "sus: support, by sus in roles.")
    assert told[1][0] == "warn" and "you can write in it yourself" in told[1][1]
    become("adam")
    Path(env["FORNY_CONFIG"]).write_text(f'roles = "{ROLES}"\nsecond_pair_from = 100\n')
    assert [level for level, _ in found()] == ["ok", "ok"]
    assert "From 100 removals in one plan another operator must approve." in found()[1][1]
    Path(env["FORNY_CONFIG"]).write_text("")
    assert found()[0][0] == "warn" and "everybody may do everything" in found()[0][1]


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody can be asked."""
    monkeypatch.setattr("tui.commands.asking.on_a_terminal", lambda: True)


@pytest.mark.parametrize(
    ("where", "band"), [("production", " PRODUCTION "), ("live", " PRODUCTION: LIVE "), ("test-eu", " TEST-EU ")]
)
def test_a_question_says_where_one_is_about_to_act(
    fleet: Run, env: dict[str, str], terminal: None, where: str, band: str
) -> None:
    Path(env["FORNY_CONFIG"]).write_text(f'environment = "{where}"\n')
    for command in (("renew", "c1"), ("remove", "c1")):
        ran = fleet(*command, stdin="n\n")
        assert ran.code == 3 and f"{band} forny, default" in ran.err, "asked, and answered with no"
        assert ran.err.index(band) < ran.err.index("1 connection")
        assert band in fleet(*command, "--dry-run").err


def test_the_true_user_of_a_process_is_taken(fleet: Run, program: Run) -> None:
    told = program("roles", "--json", extra={"FORNY_ROLES": "view=*", "USER": "adam", "LOGNAME": "adam"}).json
    assert told["role"] == "view" and told["by"] == "*"
    ran = program("problem", "note", "c1", "hello", extra={"FORNY_ROLES": f"support={told['user']}"})
    assert ran.code == 0, ran.err
    assert last_act(fleet) == ("note.added", f"tester ({told['user']})")


def test_a_second_operator_approves_a_large_removal_from_his_own_shell(
    fleet: Run, env: dict[str, str], become: Become
) -> None:
    Path(env["FORNY_CONFIG"]).write_text('roles = "admin=adam; oncall=@oncall"\nsecond_pair_from = 3\n')
    become("adam")
    shown = fleet("remove", "c1", "c2", "c3", "--dry-run")
    assert "So many removals in a day wait until another operator has approved them." in shown.err
    ran = fleet("remove", "c1", "c2", "c3", "--yes")
    assert ran.code == 3 and "await another operator's approval" in ran.out
    assert fleet("plan", "last", "--json").json["counts"] == {"planned": 3}
    mine = fleet("--operator", "Bo", "plan", "last", "approve", "--yes")
    assert mine.code == 3 and "is your own (tester (adam)): somebody else must approve it." in mine.err
    become("kim")
    assert "ask on-call" in fleet("plan", "last", "approve", "--yes").err
    become("ole", "oncall")
    assert fleet("plan", "last", "approve").code == 2, "without --yes somebody must be there to be asked"
    ran = fleet("plan", "last", "approve", "--yes", "--json")
    assert ran.code == 0 and ran.json["counts"] == {"intent": 3} and ran.json["approved_by"] == "tester (ole)"
    assert fleet("plan", "last", "approve", "--yes").code == 3


def test_a_dry_run_tells_that_the_day_s_removals_add_up(fleet: Run, env: dict[str, str], become: Become) -> None:
    Path(env["FORNY_CONFIG"]).write_text("second_pair_from = 3\n")
    become("adam")
    told = "So many removals in a day wait until another operator has approved them."
    assert fleet("remove", "c1", "c2", "--dry-run", "--json").json["needs_approval"] is False
    ran = fleet("remove", "c1", "c2", "--yes", "--json")
    assert ran.code == 0 and ran.json["needs_approval"] is False
    assert told in fleet("remove", "c3", "--dry-run").err
    assert fleet("remove", "c3", "--dry-run", "--json").json["needs_approval"] is True
    assert fleet("sync", "c3", "--dry-run", "--json").json["needs_approval"] is False
    ran = fleet("remove", "c3", "--yes", "--json")
    assert ran.code == 3 and ran.json["needs_approval"] is True


def test_a_second_operator_may_decline(fleet: Run, env: dict[str, str], become: Become) -> None:
    Path(env["FORNY_CONFIG"]).write_text("second_pair_from = 2\n")
    become("adam")
    assert fleet("remove", "c1", "c2", "--yes").code == 3, "nothing happens before it is approved"
    become("ole")
    ran = fleet("plan", "last", "decline")
    assert ran.code == 0 and "cancelled" in ran.out
    assert "plan.declined" in fleet("audit").out
    assert fleet("plan", "last", "--json").json["counts"] == {"cancelled": 2}


@pytest.mark.parametrize(("settings", "begun"), [({}, 1), ({"read_only": True}, 0), ({"roles": "admin=adam"}, 0)])
def test_a_console_that_may_not_brings_no_agent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: dict[str, object], begun: int
) -> None:
    from backend.config import Secret, Settings
    from backend.model.clock import parse_clock
    from backend.runtime import Runtime
    from backend.texts import texts_in
    from tui.commands import console
    from tui.commands.context import Context

    told: list[str] = []

    class Companion:
        def __init__(self, context: Context) -> None: ...

        def start(self) -> None:
            told.append("started")

        def end(self) -> None:
            told.append("ended")

    monkeypatch.setattr(console, "Companion", Companion)
    hush, here = Secret(reference="env:X", value="hush"), "http://127.0.0.1:9"
    known: dict[str, object] = {"aiia_base_url": here, "aiia_client_id": "us", "aiia_client_secret": hush}
    known |= {"aiia_redirect_url": here, "reconciliation_url": here, "reconciliation_token": hush}
    profile = Settings(store=tmp_path / "forny.db", **known, **settings)  # type: ignore[arg-type]
    context = Context({})
    context.__dict__["runtime"] = Runtime(profile, parse_clock(""), texts_in("en"), {}, Person("kim"))
    with console.own_agent(context):
        assert told == ["started"] * begun
    assert told == ["started", "ended"] * begun
    context.close()
