"""What the world saw, written down for tests and for the curious: it judges the callers, they never see it."""

from collections import Counter
from dataclasses import dataclass, field


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

    def summary(self) -> dict[str, object]:
        """All of it but the single postings, ready for JSON."""
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
