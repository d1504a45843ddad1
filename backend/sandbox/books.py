"""What the world saw, written down for tests and for the curious: it judges the callers, they never see it."""

from collections import Counter
from dataclasses import asdict, dataclass, field


@dataclass(slots=True)
class PostingRecord:
    """One posting id as bank reconciliation received it. `keys`: idempotency keys it came under, with repeats."""

    agreement_number: str
    ledger_account: str
    outcome: str
    body: dict[str, object]
    keys: list[str] = field(default_factory=list)
    same: bool = True


@dataclass(slots=True)
class UpdateRecord:
    """One request id under which a fetch at the bank was asked for. `effects`: how often the bank was really asked.

    `calls` tell, in order, when each came, which of all updates it was, and what was answered: a status, `dropped`
    when the line was cut before anything happened, or `lost` or `garbage` and the status that the caller never read;
    nothing while it is in work.
    """

    request_id: str
    user_id: str
    consent_id: str
    agreement_number: str | None
    effects: int = 0
    calls: list[dict[str, object]] = field(default_factory=list)


@dataclass(slots=True)
class Books:
    """Counters and lists; `summary` is what `/books` shows."""

    calls: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    reused_tokens: list[dict[str, str]] = field(default_factory=list)
    session_violations: list[dict[str, str]] = field(default_factory=list)
    wrong_credentials: int = 0
    repeated_requests: int = 0
    refreshes: int = 0
    unattended_logins: int = 0
    supervised_logins: int = 0
    mails: int = 0
    postings: dict[str, PostingRecord] = field(default_factory=dict)
    contents: dict[tuple[object, ...], set[str]] = field(default_factory=dict)
    ledger_calls: Counter[str] = field(default_factory=Counter)
    webhooks: Counter[str] = field(default_factory=Counter)
    updates: dict[tuple[str, str], UpdateRecord] = field(default_factory=dict)
    update_calls: int = 0

    def update_comes(self, request_id: str, owner: tuple[str, str, str | None], at: str) -> dict[str, object]:
        """Write down that an update is asked for, now (`at`, as text); what was answered is for the caller to add.

        `owner`: the ids of user and consent, empty when nobody could be found behind the token, and the agreement.
        """
        known = self.updates.setdefault((request_id, owner[1]), UpdateRecord(request_id, *owner))
        self.update_calls += 1
        call: dict[str, object] = {"number": self.update_calls, "at": at, "answered": ""}
        known.calls.append(call)
        return call

    def update_done(self, request_id: str, consent_id: str) -> None:
        """The bank was really asked, because of this request id."""
        self.updates[request_id, consent_id].effects += 1

    def update_list(self) -> list[dict[str, object]]:
        """Every request id under which an update was asked for, for whom, how often, and what was answered."""
        return [asdict(record) for record in self.updates.values()]

    def summary(self) -> dict[str, object]:
        """All of it but the single postings and updates, ready for JSON."""
        outcomes = Counter(record.outcome for record in self.postings.values())
        return {
            "calls": dict(sorted(self.calls.items())),
            "faults": dict(sorted(self.faults.items())),
            "tokens": {
                "refreshes": self.refreshes,
                "reused": self.reused_tokens,
                "wrong_credentials": self.wrong_credentials,
            },
            "session_violations": self.session_violations,
            "repeated_requests": self.repeated_requests,
            "logins": {"unattended": self.unattended_logins, "supervised": self.supervised_logins},
            "mails": self.mails,
            "postings": {
                "received": sum(len(record.keys) for record in self.postings.values()),
                "distinct": len(self.postings),
                "acknowledged": outcomes["acknowledged"],
                "rejected": outcomes["rejected"],
                "under_two_keys": [name for name, record in self.postings.items() if len(set(record.keys)) > 1],
                "changed_between_sends": [name for name, record in self.postings.items() if not record.same],
                "same_row_under_two_ids": [sorted(ids) for ids in self.contents.values() if len(ids) > 1],
            },
            "reconciliation": dict(sorted(self.ledger_calls.items())),
            "updates": {
                "received": self.update_calls,
                "distinct": len(self.updates),
                "done_twice": [record.request_id for record in self.updates.values() if record.effects > 1],
            },
            "webhooks": dict(sorted(self.webhooks.items())),
        }

    def posting_list(self) -> list[dict[str, object]]:
        """Every posting id received, how often, by which keys, and what became of it."""
        return [
            {
                "id": name,
                "agreement_number": record.agreement_number,
                "ledger_account": record.ledger_account,
                "outcome": record.outcome,
                "received": len(record.keys),
                "keys": record.keys,
                "posting": record.body,
            }
            for name, record in self.postings.items()
        ]
