"""The fleet: made from seed and index, a good mixture, ready to be imported."""

import json
from collections import Counter

from backend.sandbox.fleet import SHOWCASE, Fleet, iban_of
from backend.sandbox.names import index_of_email
from tests.sandbox.clocks import START
from tests.sandbox.conftest import Place


def test_an_import_line_has_exactly_the_agreed_fields(place: Place) -> None:
    assert set(place.lines[0]) == {
        *("agreement_number", "customer", "email", "provider", "consent_id", "refresh_token", "bank"),
        *("data_from", "expires_at", "accounts"),
    }
    for line in place.lines:
        assert line["provider"] == "aiia"
        assert all(set(one) == {"account_id", "iban", "bban", "name", "ledger_account"} for one in line["accounts"])
    assert len({line["consent_id"] for line in place.lines}) == len(place.lines) == 11


def test_even_ten_customers_show_one_of_each() -> None:
    fleet = Fleet(99, 10, START)
    found = [fleet.customer(index) for index in range(10)]
    assert [customer.situation for customer in found] == list(SHOWCASE)
    assert None in found[SHOWCASE.index("unmapped")].connections[0].ledger
    assert found[SHOWCASE.index("bank_down")].connections[0].bank.name == "Klitbanken"
    assert not found[SHOWCASE.index("supervised_only")].connections[0].bank.unattended
    assert found[SHOWCASE.index("expired")].connections[0].expires_at < START
    assert 0 < (found[SHOWCASE.index("expiring")].connections[0].expires_at - START).days < 6
    assert "EUR" in {one.currency for one in found[SHOWCASE.index("euro")].connections[0].accounts}


def test_a_larger_fleet_is_mostly_fine_and_mixed() -> None:
    fleet = Fleet(1, 1000, START)
    customers = list(fleet.customers())
    connections = [connection for customer in customers for connection in customer.connections]
    situations = Counter(customer.situation for customer in customers)
    expired = sum(connection.expires_at <= START for connection in connections)
    assert situations["fine"] > 700
    assert 30 < expired < 120
    assert len(connections) > 1050
    assert len({connection.bank.id for connection in connections}) == 12
    assert any(None in connection.ledger for connection in connections)
    assert any(not connection.told_expiry for connection in connections)
    ibans = [one.iban for connection in connections for one in connection.accounts if one.iban]
    assert len(set(ibans)) == len(ibans) > 1000
    assert any(one.iban is None and one.bban for connection in connections for one in connection.accounts)


def test_a_customer_is_found_by_all_of_its_names_without_a_list() -> None:
    fleet = Fleet(7, 1_000_000, START)
    customer = fleet.customer(987_654)
    consent = customer.connections[0].consent_id
    assert fleet.by_agreement(customer.agreement_number) == 987_654
    assert fleet.by_email(customer.email.upper()) == 987_654
    assert fleet.by_user(customer.user_id) == fleet.by_consent(consent) == 987_654
    assert fleet.by_consent(customer.user_id) is None
    assert fleet.by_agreement("1200001") is None
    assert index_of_email(7, "x@y.example") is None


def test_an_iban_has_right_check_digits() -> None:
    iban = iban_of("9999", "0001234567")
    assert iban == "DK6999990001234567"
    assert int(iban[4:] + "1320" + iban[2:4]) % 97 == 1


def test_looking_at_the_fleet_wakes_nobody(place: Place) -> None:
    assert place.world.world._users == {}
    place.world.client.customer(index=3)
    assert len(place.world.world._users) == 1


def test_a_line_is_one_line_of_json(place: Place) -> None:
    assert all("\n" not in line and json.loads(line) for line in place.world.client.fleet(limit=4))
