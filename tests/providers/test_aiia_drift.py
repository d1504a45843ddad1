"""Answers that drift from the documentation: nothing but our own errors comes out (`facts/reliability.md` F6, F7)."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.model.errors import Malformed, OutsideError
from backend.model.facts import Statement
from tests.providers.fake_aiia import ACCOUNT as ACCOUNT_WIRE
from tests.providers.fake_aiia import PROVIDERS, REDIRECT, ROW, SESSION, jwt
from tests.providers.loopback import Reply, expired
from tests.providers.test_aiia_pages import quoted
from tests.providers.world import ACCOUNT, World, world

Recorded = tuple[str, Any, Callable[[World], Awaitable[object]]]

TOKENS = {
    "access_token": "canary-access-0",
    "expires_in": 3600,
    "redirect_uri": REDIRECT,
    "refresh_token": jwt(exp=1, consentId="c"),
    "token_type": "bearer",
}
RECORDED: dict[str, Recorded] = {
    "accounts": ("/v1/accounts", {"accounts": [ACCOUNT_WIRE]}, lambda w: w.aiia.accounts(SESSION)),
    "transactions": (
        f"/v1/accounts/{quoted()}/transactions",
        {"pagingToken": None, "transactions": [ROW, {**ROW, "id": "other"}]},
        lambda w: w.aiia.transactions(SESSION, ACCOUNT, None),
    ),
    "update": (
        "/v1/update",
        {"status": "SupervisedLoginRequired", "authUrl": "https://app.aiia.eu/#/x"},
        lambda w: w.aiia.sync(SESSION, "r"),
    ),
    "selected": (
        f"/v1/consent/{SESSION.consent_id}/all-accounts-selected",
        {"allAccountsSelected": True},
        lambda w: w.aiia.all_accounts_selected(SESSION),
    ),
    "providers": ("/v2/providers", PROVIDERS, lambda w: w.aiia.banks()),
    "exchange": ("/v1/oauth/token", TOKENS, lambda w: w.aiia.exchange("canary-code==", None)),
    "refresh": ("/v1/oauth/token", TOKENS, lambda w: w.aiia.accounts(SESSION)),
}

OTHERS: list[Any] = [
    None,
    True,
    7,
    -1.5,
    1e308,
    10**40,
    "",
    "x",
    "2026-02-10",
    "0001-01-01T00:00:00",
    "\x1b[2J\u202e",
    "\ud800",
    "æ" * 3000,
    [],
    [None],
    {},
    {"value": {"value": 1}},
]


def places(tree: Any, here: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every path into a recorded answer, the whole included."""
    inside = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    return [here, *(path for key, value in inside for path in places(value, (*here, key)))]


def changed(tree: Any, path: tuple[Any, ...], how: str, other: Any) -> Any:
    """The answer with one place dropped, renamed or of another type."""
    if not path:
        return other
    copy = json.loads(json.dumps(tree))
    parent = copy
    for key in path[:-1]:
        parent = parent[key]
    if how == "retype":
        parent[path[-1]] = other
    else:
        value = parent.pop(path[-1])
        if how == "rename" and isinstance(parent, dict):
            parent[f"{path[-1]}2"] = value
    return copy


async def judge(name: str, reply: Reply) -> World:
    """Let the call meet this answer; whatever comes out is a value or one of our errors, with an attempt."""
    path, _, call = RECORDED[name]
    async with world() as w:
        w.fake.told[path] = [reply]
        if name == "refresh":
            w.vault.tokens[SESSION.consent] = expired(w.fake.tokens())
        try:
            await call(w)
        except OutsideError as error:
            told = [attempt.outcome for attempt in w.attempts]
            assert error.kind in told or (path == "/v1/oauth/token" and "refused" in told)
        assert w.attempts
        for attempt in w.attempts:
            assert not any(ord(char) < 32 or char == "\u202e" for char in attempt.detail)
        return w


@pytest.mark.parametrize("name", RECORDED)
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_any_field_may_be_gone_renamed_or_of_another_type(name: str, data: st.DataObject) -> None:
    _, recorded, _ = RECORDED[name]
    path = data.draw(st.sampled_from(places(recorded)))
    how = data.draw(st.sampled_from(["drop", "rename", "retype"]))
    reply = Reply(changed(recorded, path, how, data.draw(st.sampled_from(OTHERS))))
    asyncio.run(judge(name, reply))


@pytest.mark.parametrize("name", RECORDED)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_any_byte_may_be_wrong(name: str, data: st.DataObject) -> None:
    whole = json.dumps(RECORDED[name][1]).encode()
    at = data.draw(st.integers(0, len(whole) - 1))
    wrong = data.draw(st.binary(max_size=3))
    body = data.draw(st.sampled_from([whole[:at], whole[:at] + wrong + whole[at + 1 :]]))
    asyncio.run(judge(name, Reply(body, data.draw(st.sampled_from([200, 200, 201, 400, 401, 429, 500, 503])))))


@pytest.mark.parametrize("name", RECORDED)
@pytest.mark.parametrize(
    "body",
    [b'{"a": NaN}', b"[" * 100_000, b'{"accounts": ' + b"[" * 100_000, b"\xff\xfe", b"", b"null", b"[]", b"{}", b"7"],
    ids=["nan", "deep", "deep inside", "not utf-8", "empty", "null", "list", "object", "number"],
)
def test_an_answer_of_another_kind_is_never_a_success_that_read_nothing(name: str, body: bytes) -> None:
    async def go() -> None:
        path, _, call = RECORDED[name]
        if (name, body) in (("accounts", b"[]"), ("providers", b"[]")):
            return  # an empty list is what these may say
        async with world() as w:
            w.fake.told[path] = [Reply(body)]
            if name == "refresh":
                w.vault.tokens[SESSION.consent] = expired(w.fake.tokens())
            with pytest.raises(Malformed):
                await call(w)

    asyncio.run(go())


def test_one_bad_row_among_deep_ones_costs_only_itself() -> None:
    async def go() -> None:
        path, _, call = RECORDED["transactions"]
        deep: Any = None
        for _ in range(200):
            deep = [deep]
        async with world() as w:
            w.fake.told[path] = [Reply({"transactions": [{**ROW, "detail": deep, "categories": deep}]})]
            rows = await call(w)
            assert isinstance(rows, Statement) and len(rows.rows) == 1

    asyncio.run(go())
