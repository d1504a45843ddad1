"""An assessment in words: why, what to say to the customer, and what to do next."""

from datetime import datetime

from backend.model.facts import Act, Consent, Stage, Verdict
from backend.model.health import Assessment
from backend.rules.danish import clock, local, moment
from backend.texts import Say

OWN_STEPS = (
    "no_ledger_account",
    "suspected_duplicates",
    "transfer_late",
    "ledger_refuses",
    "rows_rejected",
    "second_connection",
    "renewal_unproven",
    "gap_after_lapse",
    "missing_rights",
    "account_not_offered",
    "row_changed",
    "hub_locked_out",
    "events_missed",
    "balance_differs",
    "ok_empty",
    "starved",
    "renewal_doubted",
)
"""Situations in which a person has something to look at, or to ask for, rather than a key to press."""

RENEW_STEPS = {
    "sync_before_renew": "renew_then_sync",
    "wrong_connector": "renew_business",
    "new_account_absent": "renew_all",
}
"""Situations in which a renewal alone is not enough."""

_SENT = {f"why.case.{stage.value}" for stage in (Stage.SENT, Stage.OPENED, Stage.AT_BANK)}


def explain(assessment: Assessment, say: Say) -> list[str]:
    """The chain of facts, one line each: `12.04.22, 09:58: text (who said so)`; no time where there is none."""
    lines: list[str] = []
    for reason in assessment.reasons:
        text = say(reason.key, **dict(reason.values))
        at = f"{moment(reason.at)}: " if reason.at else ""
        source = f" ({say(f'source.{reason.source}')})" if reason.source else ""
        lines.append(f"{at}{text}{source}")
    return lines


def sentence(assessment: Assessment, say: Say, **names: str) -> str:
    """What support can read out to the customer. `names` may give `bank`; a time is stated where one is known."""
    key = assessment.situation or ("removed" if assessment.consent is Consent.REMOVED else "fine")
    until = assessment.wait_until
    values = {
        "bank": names.get("bank") or say("sentence.the_bank"),
        "until": moment(until) if until else say("sentence.soon"),
    }
    told = say(f"sentence.{key}", **values)
    link_is_out = any(reason.key in _SENT for reason in assessment.reasons)
    if assessment.verdict is Verdict.CUSTOMER and assessment.action is None and link_is_out:
        told = f"{told} {say('sentence.link_is_out')}"
    return told


def next_step(assessment: Assessment, say: Say, now: datetime | None = None) -> str:
    """What to do next in at most 28 characters, for a column: `r forny`, `vent til 14:20`.

    With `now` a time of the same day is written without its date.
    """
    until = assessment.wait_until
    if assessment.verdict is Verdict.WAIT and until is not None:
        today = now is not None and local(now).date() == local(until).date()
        return say("next.wait_until", at=clock(until) if today else f"{local(until):%d.%m.} {clock(until)}")
    if assessment.situation in RENEW_STEPS and assessment.action is Act.RENEW:
        return say(f"next.{RENEW_STEPS[assessment.situation]}")
    if assessment.action is not None:
        return say(f"next.{assessment.action.value}")
    if assessment.situation in OWN_STEPS:
        return say(f"next.{assessment.situation}")
    return say(f"next.{assessment.verdict.value}")
