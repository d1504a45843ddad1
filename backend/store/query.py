"""The filter language as bound SQL: column names come from the tables below, values are always parameters."""

from typing import Any

from backend.model.filters import Compare, Filter, Not, OfPlan, Pattern, Term, Word

COLUMNS = {
    "agreement": "c.agreement",
    "customer": "c.name_fold",
    "bank": "c.bank",
    "provider": "c.provider",
    "status": "c.status",
    "consent": "c.consent_axis",
    "fetch": "c.fetch_axis",
    "transfer": "c.transfer_axis",
    "verdict": "c.verdict",
    "situation": "c.situation",
    "action": "c.action",
    "pending": "c.pending",
    "expires": "c.expires_at",
    "fetched": "c.last_fetched",
    "incident": "c.incident",
    "id": "c.id",
}
"""A field of the language and its column."""

INSTANTS = {"expires", "fetched"}
"""Fields whose values are Unix seconds in the language and milliseconds in the column."""

_PROBLEM = "EXISTS (SELECT 1 FROM problems p WHERE p.connection = c.id AND p.closed_at IS NULL AND ({}))"

FLAGS = {
    "late": "c.transfer_axis = 'late'",
    "held": "c.held > 0",
    "queued": "c.queued > 0",
    "rejected": "c.rejected > 0",
    "pending": "c.pending > 0",
    "open_case": "c.open_case IS NOT NULL",
    "orphaned": "c.orphaned > 0",
    "unmapped": "c.unmapped > 0",
    "empty": "c.fetch_axis = 'ok_empty'",
    "never": "c.fetch_axis = 'never'",
    "removed": "c.removed_at IS NOT NULL",
    "failing": "c.failing_since IS NOT NULL",
    "gap": "c.gap_from IS NOT NULL",
    "silent": "c.silent > 0",
    "changed": "c.changed_rows > 0",
    "doubted": "c.doubted > 0",
    "twin": "c.twin IS NOT NULL",
    "muted": _PROBLEM.format("p.muted_by IS NOT NULL"),
    "running": "EXISTS (SELECT 1 FROM actions a WHERE a.connection = c.id"
    " AND a.state IN ('intent', 'sent', 'unknown'))",
}
"""What `is:` can ask."""

RENEWED_MARK = """
(coalesce(c.renewed_at, 0) || ':' || coalesce(
  (SELECT 1 FROM cases k WHERE k.id = c.open_case AND k.stage IN ('authorised', 'matched', 'fetched')), 0))
"""
"""What moves when the customer of connection `c` logs in, and when his case comes further or ends."""

SNOOZED = f"""
(coalesce(p.snoozed_until, 0) > ? OR (p.snoozed_until IS NULL AND p.snoozed_for <> '')) AND (
  CASE p.snoozed_for
  WHEN 'incident_end' THEN EXISTS (
    SELECT 1 FROM incidents i WHERE CAST(i.id AS TEXT) = p.snoozed_mark AND i.closed_at IS NULL)
  WHEN 'renewed' THEN p.snoozed_mark = {RENEWED_MARK}
  ELSE TRUE END)
"""
"""Whether problem `p` of connection `c` is snoozed at the moment that is its value: until a time, and no longer than
its condition allows."""

_BANK = """
((c.bank IN (
  WITH RECURSIVE b(name) AS (
    SELECT min(bank) FROM connections
    UNION ALL SELECT (SELECT min(o.bank) FROM connections o WHERE o.bank > b.name) FROM b WHERE b.name IS NOT NULL)
  SELECT name FROM b WHERE fold(coalesce(name, '')) LIKE ? ESCAPE '\\')) IS TRUE)
"""
"""Whether the bank's name has these letters in it: asked once for each bank there is, not once for each connection."""

_LIKE = str.maketrans({"%": "\\%", "_": "\\_", "\\": "\\\\"})


def where(query: Filter) -> tuple[str, list[Any]]:
    """A condition over `connections c`, and its values."""
    parts: list[str] = []
    values: list[Any] = []
    for term in query.terms:
        parts.append(_term(term, values))
    return " AND ".join(parts) or "TRUE", values


def _term(term: Term, values: list[Any]) -> str:
    match term:
        case Word(text):
            values.append(text)
            return "instr(c.haystack, ?) > 0"
        case Pattern(pattern):
            values.append(pattern)
            return "regexp(?, c.customer || ' ' || c.agreement || ' ' || c.bank)"
        case Not(inner):
            return f"NOT coalesce({_term(inner, values)}, FALSE)"
        case OfPlan():
            return _of_plan(term, values)
        case Compare():
            return _compare(term, values)


def _of_plan(term: OfPlan, values: list[Any]) -> str:
    plan = "(SELECT max(id) FROM plans WHERE state <> 'draft')"
    if term.plan is not None:
        plan = "?"
        values.append(term.plan)
    if term.state:
        values.append(term.state)
    return f"c.id IN (SELECT connection FROM actions WHERE plan = {plan}{' AND state = ?' if term.state else ''})"


def _compare(term: Compare, values: list[Any]) -> str:
    if term.field == "is":
        return FLAGS[str(term.value)]
    if term.field == "snoozed":
        values.append(int(term.value) * 1000)
        return _PROBLEM.format(SNOOZED)
    if term.field == "assigned":
        values.append(term.value)
        return _PROBLEM.format("p.assigned_to IS NOT NULL AND fold(coalesce(p.assigned_to, '')) = ?")
    column = COLUMNS[term.field]
    if term.field in ("customer", "bank") and term.op == "=":
        values.append(f"%{str(term.value).translate(_LIKE)}%")
        return "c.haystack LIKE ? ESCAPE '\\'" if term.field == "customer" else _BANK
    if term.field == "id":
        values.append(int(str(term.value).lstrip("cC")))
    elif term.field in INSTANTS:
        values.append(int(term.value) * 1000)
    else:
        values.append(term.value)
    return f"{column} {term.op} ?"
