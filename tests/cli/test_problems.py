"""`forny problems` and `forny problem` from outside: what rests, whose it is, notes, and a ticket without secrets."""

import pytest

from tests.cli.conftest import Run, line, lines


@pytest.fixture
def queue(forny: Run) -> Run:
    """Two customers whose consents have run out, and one with two connections."""
    gone = [line(number, expires_at="2020-01-01T00:00:00Z") for number in (1, 2, 3)]
    second = line(3, consent_id="consent-3b", bank="Jyske Bank", expires_at="2020-01-01T00:00:00Z", accounts=[])
    assert forny("import", "-", stdin=lines(*gone, second)).code == 0
    return forny


def ids(run: Run, *words: str) -> list[str]:
    return [item["connection"] for item in run("problems", *words, "--json").json]


def test_snoozed_and_muted_problems_leave_the_list_and_all_shows_them(queue: Run) -> None:
    assert ids(queue) == ["c1", "c2", "c3", "c4"]
    done = queue("problem", "snooze", "c1", "1002", "--until", "01.02.60, 14:00", "--json")
    assert done.code == 0 and [item["connection"] for item in done.json] == ["c1", "c2"]
    assert {item["until"] for item in done.json} == {"2060-02-01T13:00:00Z"}, "a Danish clock in winter"
    assert queue("problem", "mute", "c3").code == 0
    assert ids(queue) == ["c4"] and ids(queue, "--all") == ["c1", "c2", "c3", "c4"]
    assert ids(queue, "--all", "is:snoozed") == ["c1", "c2"] and ids(queue, "--all", "is:muted") == ["c3"]
    assert "muted by tester" in queue("problems", "--all").out
    assert "snoozed until 01.02.60, 14:00" in queue("problems", "--all").out
    woken = queue("problem", "wake", "c1", "c3")
    assert woken.code == 3 and "c3 is not snoozed" in woken.err
    assert "c1 is awake (The connection needs a renewal)" in woken.out
    assert queue("problem", "unmute", "c3").code == 0
    assert ids(queue) == ["c1", "c3", "c4"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((), "Say for how long"),
        (("--until", "tomorrow"), "is no time"),
        (("--for", "6"), "is no duration"),
        (("--for", "0h"), "is no duration"),
        (("--for", "6h", "--until", "2099-01-01"), "either"),
        (("--when", "payday"), "payday"),
    ],
)
def test_a_snooze_that_says_no_time_is_wrong_usage(queue: Run, arguments: tuple[str, ...], told: str) -> None:
    done = queue("problem", "snooze", "c1", *arguments)
    assert done.code == 2 and told in done.err
    assert ids(queue, "is:snoozed", "--all") == []


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--until", "2020-01-01"), "past already"),
        (("--when", "limit_end"), "no rate limit"),
        (("--when", "incident_end"), "no open incident"),
    ],
)
def test_a_snooze_that_cannot_be_is_refused(queue: Run, arguments: tuple[str, ...], told: str) -> None:
    done = queue("problem", "snooze", "c1", *arguments)
    assert done.code == 3 and told in done.err


def test_a_snooze_for_a_while_or_until_the_customer_has_logged_in(queue: Run) -> None:
    done = queue("problem", "snooze", "c1", "--for", "2d", "--when", "renewed", "--json")
    assert done.code == 0 and done.json[0]["until"] is not None
    (view,) = queue("problems", "is:snoozed", "--all", "--json").json
    assert (view["snoozed_for"], view["snoozed_by"]) == ("renewed", "tester")


@pytest.mark.parametrize(
    ("condition", "told"), [("renewed", "until the customer has logged in"), ("changed", "until the cause is another")]
)
def test_a_snooze_for_a_condition_names_it(queue: Run, condition: str, told: str) -> None:
    done = queue("problem", "snooze", "c1", "--when", condition)
    assert done.code == 0 and done.out == f"c1 is snoozed {told} (The connection needs a renewal)\n"
    both = queue("problem", "snooze", "c2", "--when", condition, "--until", "01.02.60, 14:00")
    assert "snoozed until 01.02.60, 14:00" in both.out and told in both.out


def test_whose_a_problem_is_and_was(queue: Run) -> None:
    assert "is now with tester" in queue("problem", "assign", "c1").out
    assert ids(queue, "is:mine") == ["c1"] and ids(queue, "assigned:eva") == []
    taken = queue("problem", "assign", "c1", "--to", "eva")
    assert (
        "(before: tester)" in taken.out
        and ids(queue, "assigned:eva") == ["c1"]
        and queue("problems", "is:mine").code == 4
    )
    assert queue("list", "assigned:eva", "--count").out.strip() == "1"
    assert "with nobody" in queue("problem", "assign", "c1", "--to", "").out
    assert "with nobody" in queue("problem", "assign", "c1", "--to", "  ").out
    assert "\x1b" not in queue("problem", "assign", "c1", "--to", "bo\x1b[2J").out
    assert queue("problem", "assign", "c1", "--to", "x" * 61).code == 2


def test_notes_are_written_and_read(queue: Run) -> None:
    assert queue("problem", "notes", "c1").code == 4
    assert queue("problem", "note", "1001", "Ringede", "til", "Jens").code == 0
    assert queue("problem", "note", "c1", "svarer på mandag", "--json").json["operator"] == "tester"
    found = queue("problem", "notes", "c1", "--json").json
    assert [item["text"] for item in found] == ["svarer på mandag", "Ringede til Jens"]
    assert "Ringede til Jens" in queue("problem", "notes", "c1").out
    long = queue("problem", "note", "c1", "x" * 1001)
    assert long.code == 2 and "1001" in long.err and "1000" in long.err
    which = queue("problem", "note", "1003", "hej")
    assert which.code == 2 and "c3, c4" in which.err
    assert queue("problem", "note", "c99", "hej").code == 4


def test_a_ticket_holds_ids_and_no_secrets(queue: Run) -> None:
    queue("problem", "note", "c1", "kundens kode er password=hunter2, kunde1@example.test")
    text = queue("problem", "ticket", "c1", extra={"FORNY_ENVIRONMENT": "production"})
    assert text.code == 0
    for known in (
        "For Mastercard",
        "Environment: production",
        "consentId: consent-1",
        "acc-1 (…0001)",
        "Connection: c1",
    ):
        assert known in text.out
    assert "Kunde 001" not in text.out and "kode" not in text.out
    own = queue("problem", "ticket", "c1", "--for", "team").out
    assert "Kunde 001" in own and "kundens kode" in own
    for never in ("hunter2", "kunde1@example.test", "rt-secret", "DK69", "0000000001"):
        assert never not in own + text.out
    assert "Til banken" in queue("--language", "da", "problem", "ticket", "c1", "--for", "bank").out


def test_every_change_is_one_line_with_its_operator(queue: Run) -> None:
    for arguments in (
        ("snooze", "c1", "--for", "1h"),
        ("wake", "c1"),
        ("mute", "c1"),
        ("unmute", "c1"),
        ("assign", "c1"),
    ):
        assert queue("problem", *arguments).code == 0
    assert queue("problem", "note", "c1", "hej").code == 0
    told = [(item["kind"], item["operator"]) for item in queue("audit", "--json").json if item["connection"] == "c1"]
    kinds = ["problem.snoozed", "problem.woken", "problem.muted", "problem.unmuted", "problem.assigned", "note.added"]
    assert told[-6:] == [(kind, "tester") for kind in kinds]
    assert queue("audit", "--verify").code == 0
