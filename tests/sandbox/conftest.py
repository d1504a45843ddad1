"""Worlds and callers for the sandbox's tests."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from backend.sandbox.client import plain_client
from backend.sandbox.serve import Running, running_world
from tests.sandbox.clocks import StillClock


@dataclass
class Place:
    """A running world with a still clock, its fleet's lines, and an integrator's view of it."""

    world: Running
    clock: StillClock
    machine: StillClock
    lines: list[dict[str, Any]]
    http: httpx.Client

    @property
    def basic(self) -> tuple[str, str]:
        return self.world.addresses["client_id"], self.world.addresses["client_secret"]

    def token(self, **body: str) -> httpx.Response:
        return self.http.post("/v1/oauth/token", json=body, auth=self.basic)

    def bearer(self, line: dict[str, Any]) -> dict[str, str]:
        """Log in with an import line's refresh token, which is spent by this and replaced in the line."""
        answer = self.token(grant_type="refresh_token", refresh_token=line["refresh_token"])
        assert answer.status_code == 200, answer.text
        line["refresh_token"] = answer.json()["refresh_token"]
        return {"Authorization": f"Bearer {answer.json()['access_token']}"}

    def accounts(self, bearer: dict[str, str]) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.http.get("/v1/accounts", headers=bearer).json()["accounts"]
        return found

    def rows(self, bearer: dict[str, str], account_id: str, **params: str) -> list[dict[str, Any]]:
        """All pages of an account."""
        rows: list[dict[str, Any]] = []
        while True:
            answer = self.http.get(f"/v1/accounts/{account_id}/transactions", headers=bearer, params=params)
            assert answer.status_code == 200, answer.text
            rows += answer.json()["transactions"]
            if answer.json()["pagingToken"] is None:
                return rows
            params["pagingToken"] = answer.json()["pagingToken"]

    def connect_link(self, **params: str) -> str:
        """A connect address as an integrator makes it; `params` add or overrule."""
        query = {
            "client_id": self.world.addresses["client_id"],
            "redirect_uri": "http://127.0.0.1:9/callback",
            "response_type": "code",
            "scope": "accounts offline_access",
        } | params
        return f"{self.world.addresses['aiia']}/v1/oauth/connect?{httpx.QueryParams(query)}"


@pytest.fixture
def place() -> Iterator[Place]:
    clock, machine = StillClock(), StillClock()
    with (
        running_world(customers=10, seed=7, clock=clock, machine=machine) as world,
        plain_client(world.addresses["aiia"]) as http,
    ):
        lines = [json.loads(line) for line in world.client.fleet()]
        yield Place(world, clock, machine, lines, http)
