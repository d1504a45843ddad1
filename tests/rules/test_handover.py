"""Handovers and reports as tables of facts: what is told, in which order, and that nothing secret or wide is in it."""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.model.facts import Act, Case, Event, Stage
from backend.model.handover import HandoverFacts, Mark, Moved, Standing
from backend.model.incidents import IncidentView, Scope
from backend.model.plans import Action, ActionState, PlanState, PlanView
from backend.model.text import clean
from backend.model.views import AgentStatus, ProblemView
from backend.rules import handover, memo
from backend.rules.filters import parse
from backend.rules.handover import handover_text, headlines, sections
from backend.rules.memo import Section
from backend.rules.report import outcome, report
from backend.texts import LANGUAGES, table, texts_in
from tests.fakes import NOON

SAY = texts_in("en")
HOUR = timedelta(hours=1)
SINCE = NOON - 8 * HOUR
AGENT = AgentStatus(pid=1, host="h", kind="agent", started_at=SINCE - HOUR, last_round_at=NOON, alive=True)
STOOD = Standing(operator=3, customer=9, queued=4, held=2, late=1)


def facts(**changes: object) -> HandoverFacts:
    quiet = HandoverFacts(since=SINCE, until=NOON, mark=None, standing=Standing(), agent=AGENT)
    made = replace(quiet, **changes)  # type: ignore[arg-type]
    counts = dict(Counter(one.kind for one in made.told))
    return replace(made, wakings=len(made.waking), counts=made.counts or counts)


def moved(number: int, verdict: str, before: str = "fine", **more: str) -> Moved:
    told = {"customer": f"Kunde {number}", "bank": "Nordea", "situation": "renewal_due", "before_situation": ""}
    return Moved(connection=f"c{number}", before=before, verdict=verdict, **(told | more))


def incident(**changes: object) -> IncidentView:
    fields: dict[str, object] = {
        **{"id": 1, "scope": Scope.BANK, "key": "Spar Nord", "cause": "bank_down", "opened_at": NOON - HOUR},
        **{"closed_at": None, "note": "", "failed": 9, "tried": 9, "usual": 0.0, "canary_at": None},
        **{"connections": 1204, "customers": 1100, "failing": 9, "pending": 55, "oldest_at": None},
    }
    return IncidentView(**(fields | changes))  # type: ignore[arg-type]


def action(number: int, state: ActionState, reason: str = "", **more: object) -> Action:
    return Action(
        id=number,
        plan=7,
        act=Act.SYNC,
        connection=f"c{number}",
        agreement_number=str(1000 + number),
        customer=f"Kunde {number}",
        state=state,
        key=f"k{number}",
        reason=reason,
        created_at=SINCE + HOUR,
        **more,  # type: ignore[arg-type]
    )


def plan(*actions: Action, refused: tuple[tuple[str, str], ...] = (), **more: object) -> PlanView:
    counts: dict[ActionState, int] = {}
    for one in actions:
        counts[one.state] = counts.get(one.state, 0) + 1
    fields: dict[str, object] = {
        **{"id": 7, "act": Act.SYNC, "operator": "eva", "host": "desk", "created_at": SINCE + HOUR},
        **{"counts": counts, "actions": actions, "refused": refused},
        "waits": sum(one.not_before is not None and one.not_before > NOON for one in actions),
    }
    return PlanView(**(fields | more))  # type: ignore[arg-type]


def case(number: int, stage: Stage, age: timedelta) -> Case:
    return Case(
        **{"id": number, "kind": Act.RENEW, "connection": f"c{number}", "agreement_number": "1", "email": "a@b.test"},  # type: ignore[arg-type]
        **{"customer": f"Kunde {number}", "action": None, "state": "s", "stage": stage, "link": "https://x"},  # type: ignore[arg-type]
        created_at=NOON - age,
        sent_at=NOON - age,
    )


def event(kind: str, connection: str | None = None, at: datetime = NOON - HOUR, **data: object) -> Event:
    return Event(seq=1, at=at, kind=kind, connection=connection, operator="eva", host="h", data=data, hash="")


def told(found: HandoverFacts, key: str) -> list[str]:
    return [entry.text for section in sections(found, SAY) if section.key == key for entry in section.entries]


def test_a_quiet_period_says_so_in_every_line() -> None:
    text = handover_text(facts(), SAY)
    assert text.splitlines() == [
        "Handover 02.03.26, 05:00 to 02.03.26, 13:00",
        "",
        "No open incidents.",
        "Nothing is under way.",
        "New for us: 0 of 0. New for customers: 0 of 0. Well again: 0.",
        "",
        "ALL IS QUIET",
        "- Nothing changed in the period, and nothing is under way.",
    ]


@pytest.mark.parametrize(
    ("before", "now", "where"),
    [
        ("fine", "operator", "operator"),
        ("customer", "operator", "operator"),
        ("", "operator", "operator"),
        ("operator", "operator", None),
        ("fine", "customer", "customer"),
        ("incident", "customer", "customer"),
        ("operator", "fine", "fine"),
        ("incident", "fine", "fine"),
        ("wait", "fine", None),
        ("", "fine", None),
        ("fine", "fine", None),
        ("fine", "incident", None),
        ("fine", "wait", None),
    ],
)
def test_who_newly_needs_whom(before: str, now: str, where: str | None) -> None:
    found = facts(moved=(moved(1, now, before),))
    assert [section.key for section in sections(found, SAY)] == [where or "nothing"]


def test_what_was_put_out_of_sight_approved_imported_and_what_failed_is_told() -> None:
    lines = (
        event("problem.muted", "c1"),
        event("problem.unmuted", "c1"),
        event("problem.snoozed", "c1", until=None, condition="renewed"),
        event("problem.snoozed", "c2", until="2026-03-02T14:00:00+00:00", condition=""),
        event("plan.approved", plan=7),
        event("plan.declined", plan=8),
        event("import", added=1200, changed=3, unchanged=0),
        event("webhooks.silent", connections=9),
        event("audit.anchor_failed", why="full"),
    )
    found = facts(told=lines, names={"c1": "Kunde 1"})
    assert told(found, "notes") == [
        "12:00 eva: the problem of Kunde 1 (c1) is snoozed until the customer has logged in",
        "12:00 eva showed again the problem of Kunde 1 (c1)",
        "12:00 eva muted the problem of Kunde 1 (c1)",
    ]
    assert told(found, "done") == [
        "12:00 eva imported: 1.200 new, 3 changed",
        "12:00 eva declined plan 8",
        "12:00 eva approved plan 7",
    ]
    assert told(found, "agent") == [
        "12:00: webhooks fell silent",
        "12:00: the audit log's anchor could not be written",
    ]
    many = facts(told=(event("reminder.failed", "c1", reason="bounced"),), counts={"reminder.failed": 700})
    assert told(many, "mails")[-1] == "and 699 more"


def test_changes_are_counted_by_bank_and_cause_with_five_names_and_a_filter() -> None:
    many = tuple(moved(n, "operator", situation="no_ledger_account") for n in range(1, 13))
    one = moved(20, "operator", bank='Odd "Bank"', situation="transfer_late")
    (section,) = sections(facts(moved=(one, *many)), SAY)
    first, second = section.entries
    assert first.text.startswith("Nordea: A bank account has no ledger account (12): Kunde 1 (c1), Kunde 2 (c2), ")
    assert first.text.endswith("Kunde 5 (c5) and 7 more") and first.rest == 7
    assert first.filter == 'bank:"Nordea" verdict:operator situation:no_ledger_account'
    assert second.filter == 'bank:"Odd" verdict:operator situation:transfer_late' and not second.rest
    assert "  In the list: bank:" in handover_text(facts(moved=many), SAY)


def test_many_banks_are_cut_with_how_many_are_left() -> None:
    many = tuple(moved(n, "customer", bank=f"Bank {n:02}") for n in range(40))
    entries = sections(facts(moved=many), SAY)[0].entries
    assert len(entries) == handover.GROUPS + 1
    assert entries[-1].text == "and 32 more in 32 other groups" and entries[-1].filter == "verdict:customer"


def test_who_is_well_again_is_told_by_what_was_wrong() -> None:
    well = moved(1, "fine", "operator", before_situation="transfer_late", situation="")
    (entry,) = sections(facts(moved=(well,)), SAY)[0].entries
    assert entry.text == f"Nordea: {SAY('situation.transfer_late')} (1): Kunde 1 (c1)"
    assert entry.filter == 'bank:"Nordea" verdict:fine'


@pytest.mark.parametrize(
    ("view", "words"),
    [
        (incident(), "Spar Nord: the bank is down, new since 12:00. 1.204 connections, 1.100 customers, 55"),
        (incident(opened_at=SINCE - HOUR), "still since 04:00."),
        (incident(closed_at=NOON, pending=0), "over 13:00 (from 12:00). 1.204 connections, 1.100 customers were hit."),
        (incident(scope=Scope.LEDGER, key="", cause="ledger_down"), "bank reconciliation: does not answer"),
        (incident(scope=Scope.OWN, key="aiia", cause="new_thing"), "our access to Aiia: new_thing"),
    ],
)
def test_incidents_are_told_with_their_blast_radius(view: IncidentView, words: str) -> None:
    (text,) = told(facts(incidents=(view,)), "incidents")
    assert words in text


def test_the_first_lines_say_what_is_open_what_is_under_way_and_who_must_act() -> None:
    found = facts(
        agent=replace(AGENT, alive=False),
        incidents=(incident(), incident(id=2, key="Lunar", closed_at=NOON)),
        unknown=(action(1, ActionState.UNKNOWN),),
        unknowns=1,
        plans=(
            plan(state=PlanState.PAUSED),
            plan(state=PlanState.RUNNING, act=Act.REMOVE, undo_until=NOON + HOUR),
            plan(state=PlanState.ENDED),
        ),
        cases=(case(1, Stage.SENT, timedelta(days=30)), case(2, Stage.SENT, HOUR)),
        standing=STOOD,
        moved=(moved(1, "operator"),),
    )
    assert headlines(found, SAY) == [
        "No agent is running: nothing is fetched or sent. Open incidents: 1 (Spar Nord), 1.204 connections are hit.",
        "Under way: 1 act of unknown outcome, 1 plan running, 1 plan paused, 1 plan can be undone, "
        "2 renewals, 1 of them stuck.",
        "New for us: 1 of 3. New for customers: 0 of 9. Well again: 0.",
    ]


def test_plans_say_who_what_and_how_it_ended_and_how_to_take_it_back() -> None:
    ended = plan(
        *(action(n, ActionState.DONE) for n in range(1, 4)),
        action(4, ActionState.FAILED),
        refused=(("c9", "incident_open"),),
    )
    waits = plan(action(5, ActionState.INTENT, not_before=NOON + HOUR), id=8, state=PlanState.RUNNING)
    held = replace(waits, id=9, act=Act.REMOVE, undo_until=NOON + HOUR, run_by="bo", run_at=NOON)
    asked = plan(id=10, state=PlanState.APPROVAL)
    stopped = plan(id=11, state=PlanState.PAUSED, note="plan.note.paused")
    found = facts(plans=(stopped, asked, held, waits, ended), waits_until={8: NOON + HOUR})
    assert told(found, "plans") == ["Plan 7, synchronise, eva 06:00: 1 failed, 1 refused, 3 done."]
    assert told(found, "plans_open") == [
        "Plan 11, synchronise, eva 06:00: no acts. The plan is paused. Reason: paused by an operator.",
        "Plan 10, synchronise, eva 06:00: no acts. The plan waits for another operator to approve it.",
        "Plan 9, remove, bo 13:00: 1 waiting. Can be undone until 14:00: forny plan 9 undo",
        "Plan 8, synchronise, eva 06:00: 1 waiting (until 14:00).",
    ]


def test_late_and_held_rows_are_compared_with_the_mark_that_the_period_begins_at() -> None:
    mark = Mark(at=SINCE, until=SINCE, seen=0, operator="bo", note="", standing=replace(STOOD, late=40))
    assert told(facts(standing=STOOD), "postings")[:2] == ["1 is late for bank reconciliation", "2 are held"]
    assert told(facts(standing=STOOD, mark=mark), "postings")[0].endswith("reconciliation (40 at the last handover)")
    earlier = replace(mark, at=SINCE - HOUR, until=SINCE - HOUR)
    assert "last handover" not in "".join(told(facts(standing=STOOD, mark=earlier), "postings"))
    assert told(facts(standing=Standing(queued=4)), "postings") == []


def test_renewals_in_flight_are_counted_by_stage_and_the_stuck_ones_say_why() -> None:
    found = facts(
        cases=(*(case(n, Stage.SENT, timedelta(days=30)) for n in range(1, 8)), case(9, Stage.AT_BANK, HOUR)),
        told=(event("case.released", "c1"), event("case.failed", "c2"), event("case.released", "c3")),
    )
    way, stuck, ended = told(found, "renewals")
    assert way == "Under way: 7 link mailed, 1 at the bank"
    assert stuck.startswith("7 are stuck. The link was sent and not used for days.") and stuck.endswith("and 2 more")
    assert ended == "In the period: 2 finished, 1 failed"


def test_the_agents_absence_and_trouble_are_told_in_order() -> None:
    lines = told(
        facts(
            told=(
                event("agent.started", at=SINCE + HOUR, last=(SINCE + timedelta(minutes=10)).isoformat()),
                event("agent.started", at=SINCE + 2 * HOUR, last=(SINCE + 2 * HOUR).isoformat()),
                event("agent.started", at=SINCE + 2 * HOUR, last=None),
                event("agent.trouble", at=SINCE + 3 * HOUR, trouble="refused_credentials"),
                event("agent.trouble", at=SINCE + 4 * HOUR, trouble=""),
            ),
            agent=replace(AGENT, silent_since=SINCE),
        ),
        "agent",
    )
    assert lines == [
        "No agent from 05:10 to 06:00",
        "08:00: the agent got into trouble: access is refused",
        "09:00: the agent works again",
        "Webhooks are silent since 05:00: `forny doctor` says what to do",
    ]
    assert len(told(facts(told=tuple(event("agent.trouble", trouble="x") for _ in range(99))), "agent")) <= 14


def test_reports_group_by_outcome_and_reason_with_what_to_do_next() -> None:
    view = plan(
        *(action(n, ActionState.DONE) for n in range(1, 9)),
        action(10, ActionState.INTENT, "rate_limited", not_before=NOON + HOUR),
        action(11, ActionState.FAILED, "renew_first"),
        action(12, ActionState.FAILED, "renew_first"),
        action(13, ActionState.UNKNOWN, "unreachable"),
        refused=(("c20", "removed"), ("c21", "removed")),
    )
    text = report(view, SAY, NOON, {"c20": "Kunde 20"}, lambda key: f"<{key}>")
    assert text.splitlines() == [
        "Plan 7: synchronise, eva@desk 02.03.26, 06:00",
        "Outcome: 1 unknown, 2 failed, 2 refused, 1 waiting (until 14:00), 8 done",
        "",
        "UNKNOWN (1)",
        "- <unreachable> (1): Kunde 13 (c13)",
        "- The answer is not known. The agent looks by itself; do not send it again",
        "  meanwhile.",
        "",
        "FAILED (2)",
        "- <renew_first> (2): Kunde 11 (c11), Kunde 12 (c12)",
        "- Make a new plan of these: forny plan 7 again",
        "",
        "REFUSED (2)",
        "- <removed> (2): Kunde 20 (c20), c21",
        "",
        "WAITING (1)",
        "- until 14:00, <rate_limited> (1): Kunde 10 (c10)",
        "",
        "DONE (8)",
        "- Kunde 1 (c1), Kunde 2 (c2), Kunde 3 (c3), Kunde 4 (c4), Kunde 5 (c5) and 3",
        "  more",
    ]


def test_a_report_says_what_can_still_be_done_about_the_plan() -> None:
    held = action(1, ActionState.INTENT, not_before=NOON + HOUR)
    view = plan(held, act=Act.REMOVE, state=PlanState.RUNNING, undo_until=NOON + HOUR, approved_by="bo")
    text = report(view, SAY, NOON, {}, str)
    assert "The plan is still running.\nApproved by bo\nCan be undone until 14:00: forny plan 7 undo\n" in text
    assert outcome(plan(), SAY, NOON) == "no acts"


foreign = st.text(max_size=120).map(clean)


@given(foreign, foreign, st.sampled_from(LANGUAGES))
def test_no_foreign_text_widens_colours_or_leaks(name: str, note: str, language: str) -> None:
    secret = "jens@example.test https://x.test/?code=abc DK5000400440116243"
    found = facts(
        moved=tuple(moved(n, "operator", customer=f"{name} {secret}", bank=name) for n in range(9)),
        incidents=(incident(key=name),),
        told=(event("note.added", "c1", text=f"{note} {secret}"), event("problem.assigned", "c1", to=name)),
        names={"c1": name},
        mark=Mark(at=SINCE, until=SINCE, seen=0, operator=name, note=f"{note} {secret}", standing=Standing()),
        waking=(
            ProblemView(
                **{"id": 1, "connection": "c1", "agreement_number": "1", "customer": name, "bank": name},  # type: ignore[arg-type]
                **{"cause": "renewal_due", "verdict": "customer", "action": None, "incident": None},  # type: ignore[arg-type]
                **{"since": SINCE, "last_at": SINCE, "times": 1, "snoozed_until": NOON + HOUR},  # type: ignore[arg-type]
            ),
        ),
    )
    say = texts_in(language)
    text = handover_text(found, say)
    view = plan(replace(action(1, ActionState.FAILED, note), customer=name), operator=name)
    for line in f"{text}{report(view, say, NOON, {}, str)}".split("\n"):
        assert len(line) <= memo.COLUMNS and not re.search("[\x00-\x1f\x7f-\x9f\u202e\ue000]", line), line
    assert "jens@" not in text and "x.test" not in text and "DK50" not in text
    for section in sections(found, say):
        assert_filters(section)


def assert_filters(section: Section) -> None:
    for entry in section.entries:
        parse(entry.filter, NOON)


def test_wide_characters_are_measured_as_two() -> None:
    lines = memo.wrapped("公司" * 60, first="- ", then="  ")
    assert lines[0].startswith("- 公") and all(len(line) <= 42 for line in lines)
    assert "".join(line.strip(" -") for line in lines) == "公司" * 60


@pytest.mark.parametrize("words", [f"report.{state}" for state in (*ActionState, "later")])
def test_every_outcome_has_its_word(words: str) -> None:
    assert words in table()


@pytest.mark.parametrize("say", [texts_in(language) for language in LANGUAGES])
def test_every_state_of_a_plan_and_every_stage_can_be_told(say: Callable[..., str]) -> None:
    for state in PlanState:
        assert report(plan(state=state), say, NOON, {}, str)
    for stage in Stage:
        if stage.open:
            assert say(f"handover.stage.{stage.value}")
    for scope in Scope:
        assert say(f"handover.scope.{scope.value}")
