"""Which of the accounts that a login shows are the ones we know: by their number, because ids change (law 6)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from backend.model.facts import Account
from backend.model.renewals import RenewalDiff, Shown


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountMatch:
    """What became of the accounts of a connection.

    `matched` are known accounts as they look now, with the id and ledger account they had; `new` were never
    seen; `vanished` are known ones that are not reported any more, marked as orphaned, but for those that an import
    named and that were never reported: nothing was taken away there (`facts/aiia-economic.md` §4 no. 13).
    `rekeyed` names the keys (old, new) of matched accounts whose key has changed because the bank now tells more of
    the number: rows that were kept under the old key are still theirs. `weak` are matched ones that only the
    provider's id tells.
    """

    matched: tuple[Account, ...] = ()
    new: tuple[Account, ...] = ()
    vanished: tuple[Account, ...] = ()
    rekeyed: tuple[tuple[str, str], ...] = ()
    weak: frozenset[str] = frozenset()


def match_accounts(old: Sequence[Account], new: Sequence[Account]) -> AccountMatch:
    """Join by IBAN, else by the Danish account number inside an IBAN or BBAN, else by the provider's id.

    The provider's id counts only while one of the two has no number at all: after a renewal it means nothing
    (`facts/operations.md` §0 rule 8). Of several accounts in `new` with one number the one that the bank still
    gives access to is kept, and the first of those (`facts/aiia-economic.md` §4 no. 20).
    """
    shown = _one_per_number(new)
    known = sorted(old, key=lambda account: (account.orphaned, account.ledger_account is None))
    partners: dict[int, Account] = {}
    for same in (_by_key, _by_danish_number):
        _join(known, shown, partners, same)
    sure = {place for place in partners if _numbered(shown[place])}
    _join(known, shown, partners, _by_id)
    taken = {id(partner) for partner in partners.values()}
    pairs = [(partners[place], account) for place, account in enumerate(shown) if place in partners]
    matched = tuple(_carried(before, now) for before, now in pairs)
    return AccountMatch(
        matched=matched,
        new=tuple(account for place, account in enumerate(shown) if place not in partners),
        vanished=tuple(
            replace(account, orphaned=account.orphaned or account.seen) for account in old if id(account) not in taken
        ),
        rekeyed=tuple(
            (before.key, after.key)
            for (before, _), after in zip(pairs, matched, strict=True)
            if before.key != after.key
        ),
        weak=frozenset(_carried(partners[place], shown[place]).key for place in partners.keys() - sure),
    )


def in_doubt(known: Sequence[Account], match: AccountMatch, *, renewed: bool) -> dict[str, str]:
    """The accounts that a fetch (the first one of a renewal, if `renewed`) leaves in doubt, by key: why, as a text key.

    A new account may be a vanished one under a new number (`maybe_renumbered`) as long as one vanished that was there
    until now, or that still has a ledger account; a plainly new one is in no doubt, it waits for its ledger account
    anyway. What only the provider's id tells (`only_by_id`) is unsure after a renewal, because ids change then
    (`facts/operations.md` §0 rule 8). Doubt that nobody has settled stays.
    """
    there = {account.id for account in known if not account.orphaned}
    gone = any(account.id in there or account.ledger_account is not None for account in _gone(match))
    doubts = {account.key: account.doubt for account in match.matched if account.doubt}
    if renewed:
        doubts |= {account.key: "only_by_id" for account in match.matched if account.key in match.weak}
    return doubts | ({account.key: "maybe_renumbered" for account in match.new} if gone else {})


def _gone(match: AccountMatch) -> list[Account]:
    """The known accounts that the bank gives no access to now, whether the provider still names them or not."""
    return [*match.vanished, *(account for account in match.matched if account.orphaned)]


def diff_of(known: Sequence[Account], match: AccountMatch, doubts: Mapping[str, str]) -> RenewalDiff:
    """What a renewal has changed among the accounts; the rows are counted by who fetches them."""
    was = {new: old for old, new in match.rekeyed}
    ids = {account.id: account.provider_account_id for account in known}

    def shown(account: Account) -> Shown:
        return Shown(
            key=account.key,
            name=account.name,
            ledger_account=account.ledger_account,
            was=was.get(account.key, ""),
            reissued=account.provider_account_id != ids.get(account.id, account.provider_account_id),
            doubt=doubts.get(account.key, ""),
        )

    return RenewalDiff(
        matched=tuple(shown(account) for account in match.matched if not account.orphaned),
        new=tuple(map(shown, match.new)),
        vanished=tuple(map(shown, _gone(match))),
    )


def named(accounts: Sequence[Account], text: str) -> Account | None:
    """The account that a person means by its IBAN, BBAN or key, spaces and case aside; None for none or several."""
    wanted = _bare(text)
    found = [a for a in accounts if wanted and wanted in (_bare(a.key), _bare(a.iban or ""), _bare(a.bban or ""))]
    return found[0] if len(found) == 1 else None


def _bare(text: str) -> str:
    return "".join(char for char in text if char.isalnum()).upper()


def _one_per_number(accounts: Sequence[Account]) -> list[Account]:
    best: dict[str, Account] = {}
    for account in accounts:
        key = _by_danish_number(account) or account.key
        held = best.get(key)
        if held is None or (held.orphaned and not account.orphaned):
            best[key] = account
    return list(best.values())


def _join(
    known: Sequence[Account], shown: Sequence[Account], partners: dict[int, Account], same: Callable[[Account], str]
) -> None:
    taken = {id(account) for account in partners.values()}
    free: dict[str, list[Account]] = {}
    for account in known:
        if id(account) not in taken and (name := same(account)):
            free.setdefault(name, []).append(account)
    for place, account in enumerate(shown):
        if place in partners:
            continue
        for candidate in free.get(same(account), []):
            if same is not _by_id or not (_numbered(candidate) and _numbered(account)):
                partners[place] = candidate
                free[same(account)].remove(candidate)
                break


def _by_key(account: Account) -> str:
    return account.key


def _by_id(account: Account) -> str:
    return account.provider_account_id


def _by_danish_number(account: Account) -> str:
    """Four digits of the bank and ten of the account, from an IBAN or a BBAN; empty when it is not Danish."""
    iban = "".join((account.iban or "").split()).upper()
    if iban:
        return iban[4:] if iban.startswith("DK") and len(iban) == 18 and iban[4:].isdigit() else ""
    digits = "".join(c for c in account.bban or "" if c.isalnum())
    return digits[:4] + digits[4:].zfill(10) if digits.isdecimal() and 5 <= len(digits) <= 14 else ""


def _numbered(account: Account) -> bool:
    return not account.key.startswith("id:")


def _carried(before: Account, now: Account) -> Account:
    """The account as it looks now, with what only we know of it. A number once told is not forgotten."""
    return replace(
        now,
        id=before.id,
        ledger_account=before.ledger_account,
        iban=now.iban or before.iban,
        bban=now.bban or before.bban,
        name=now.name or before.name,
        last_fetched=before.last_fetched,
        doubt=before.doubt,
        found=before.found,
    )
