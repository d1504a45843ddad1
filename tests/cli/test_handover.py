"""`forny handover`: what the next shift must know, as text, as JSON, and with a mark at which the next one begins."""

import pytest

from tests.cli.conftest import Run, line, lines


@pytest.fixture
def stuck(forny: Run) -> Run:
    """A fleet in which one consent has ended and one customer was never connected."""
    gone = line(1, expires_at="2020-01-01T00:00:00Z")
    never = line(2, consent_id=None, refresh_token=None)
    assert forny("import", "-", stdin=lines(gone, never, line(3))).code == 0
    return forny


def test_the_text_can_be_pasted_and_says_what_matters_first(stuck: Run) -> None:
    done = stuck("handover")
    assert done.code == 0
    text = done.out.splitlines()
    assert text[0].startswith("Handover ") and text[1] == ""
    assert text[2].startswith("No agent is running") and text[3] == "Nothing is under way."
    assert "New for us: 1 of 1. New for customers: 1 of 1." in done.out
    assert all(len(line) <= 80 and (not line or line.isprintable()) for line in text)
    assert "- Nordea: The connection needs a renewal (1): Kunde 001 (c1)" in done.out
    assert "- no mail server is configured (smtp_url)" in done.out


def test_danish_speaks_danish(stuck: Run) -> None:
    text = stuck("--language", "da", "handover").out
    assert text.startswith("Vagtoverdragelse ") and "Nye til os: 1 af 1." in text
    assert "NYE TIL KUNDEN" in text


def test_a_mark_is_on_record_and_the_next_handover_begins_there(stuck: Run) -> None:
    done = stuck("handover", "--mark", "--note", "Call Kunde 001, 12345678901 is his account", "--json")
    assert done.code == 0 and "handed over by tester" in done.err
    assert done.json["last"] is None and done.json["marked"]["standing"]["customer"] == 1
    assert {"operator", "customer"} <= {section["key"] for section in done.json["sections"]}
    (event,) = [event for event in stuck("audit", "--json").json if event["kind"] == "handover"]
    assert event["operator"] == "tester" and event["data"]["note"].startswith("Call Kunde 001")

    after = stuck("handover", "--json").json
    assert after["since"] == after["last"]["at"] == done.json["marked"]["at"]
    assert not {"operator", "customer"} & {section["key"] for section in after["sections"]}
    text = stuck("handover").out
    assert "Last handed over by tester" in text and "…8901" in text and "12345678901" not in text
    assert "New for us: 0 of 1." in text
    again = stuck("handover", "--since", "1h", "--json").json
    assert {"operator", "customer"} <= {section["key"] for section in again["sections"]}
    assert stuck("audit", "--verify").code == 0


def test_what_cannot_be_meant_is_refused_with_what_to_write(forny: Run) -> None:
    assert forny("handover", "--note", "x").code == 2
    bad = forny("handover", "--since", "yesterday\x1b[31m")
    assert bad.code == 2 and "is no time" in bad.err and "\x1b" not in bad.err
    ahead = forny("handover", "--since", "2099-01-01")
    assert ahead.code == 2 and "yet to come" in ahead.err
    long = forny("handover", "--mark", "--note", "x" * 2000)
    assert long.code == 2 and not [event for event in forny("audit", "--json").json if event["kind"] == "handover"]


def test_notes_assignments_and_snoozes_are_handed_over(stuck: Run) -> None:
    assert stuck("problem", "note", "c1", "promised to call <b>him</b> at kunde@example.test").code == 0
    assert stuck("problem", "assign", "c1", "--to", "bo").code == 0
    assert stuck("problem", "snooze", "c2", "--for", "2h").code == 0
    found = {section["key"]: section["entries"] for section in stuck("handover", "--json").json["sections"]}
    given, noted = [entry["text"] for entry in found["notes"]]
    assert given.endswith("tester gave bo the problem of Kunde 001 (c1)")
    assert "promised to call <b>him</b> at [mail]" in noted
    (waking,) = found["waking"]
    assert "Kunde 002 (c2)" in waking["text"] and "snoozed by tester" in waking["text"]
    assert stuck("list", waking["filter"], "--count").out.strip() == "1"


def test_every_filter_that_is_handed_over_finds_somebody(stuck: Run) -> None:
    entries = [entry for section in stuck("handover", "--json").json["sections"] for entry in section["entries"]]
    filters = {entry["filter"] for entry in entries if entry["filter"]}
    assert filters
    for text in filters:
        assert int(stuck("list", text, "--count").out) >= 1, text


def test_it_can_be_asked_as_of_an_earlier_moment(stuck: Run) -> None:
    assert stuck("handover", "--mark").code == 0
    past = stuck("--at", "0m", "handover")
    assert past.code == 0 and past.out.startswith("Handover ")
    assert "No agent" not in past.out, "whether one ran then is not known"
    refused = stuck("--at", "0m", "handover", "--mark")
    assert refused.code != 0 and "nothing can be changed" in refused.err


def test_a_removal_that_can_be_undone_says_until_when_and_how(stuck: Run) -> None:
    assert stuck("remove", "c3", "--yes", extra={"FORNY_UNDO_WINDOW": "10m"}).code == 0
    done = stuck("handover", "--json").json
    (plan,) = next(section["entries"] for section in done["sections"] if section["key"] == "plans_open")
    assert plan["text"].startswith("Plan 1, remove, tester") and "1 waiting (until " in plan["text"]
    assert "Can be undone until " in plan["text"] and plan["text"].endswith("forny plan 1 undo")
    assert "1 plan running, 1 plan can be undone" in done["headlines"][1]
    assert "Can be undone until " in stuck("plan", "1", "--report").out
    assert stuck("plan", "1", "undo").code == 0
    after = {section["key"]: section["entries"] for section in stuck("handover", "--json").json["sections"]}
    assert "plans_open" not in after
    assert "1 cancelled. The plan is cancelled. Reason: undone" in after["plans"][0]["text"]
