"""The customer's way through the hub's pages, over real HTTP and SMTP."""

from backend.sandbox.client import plain_client
from tests.sandbox.conftest import Place

FINE, EXPIRED = 0, 2


def test_a_renewal_continues_the_consent_and_gives_a_code(place: Place) -> None:
    line = place.lines[EXPIRED]
    before = place.world.client.customer(index=EXPIRED)["consents"][0]
    assert before["ended_at"] is not None
    walked = place.world.client.walk(
        place.connect_link(consentId=line["consent_id"], accountsGroupId="agr-7", state="nonce")
    )
    assert walked.consent_id == line["consent_id"]
    assert "state" not in walked.url
    assert walked.pages == ("login", "code", "accounts", "bank", "choose", "consent")
    assert place.world.client.customer(index=EXPIRED)["consents"][0]["group"] == "agr-7"
    after = place.world.client.customer(index=EXPIRED)["consents"][0]
    assert after["ended_at"] is None
    assert walked.code is not None
    answer = place.token(
        grant_type="authorization_code", code=walked.code, redirect_uri="http://127.0.0.1:9/callback", scope="read"
    )
    assert answer.status_code == 200
    bearer = {"Authorization": f"Bearer {answer.json()['access_token']}"}
    assert [one["number"]["iban"] for one in place.accounts(bearer)] == [one["iban"] for one in line["accounts"]]


def test_cancelling_leaves_the_live_consent_alone_and_brings_nothing_back(place: Place) -> None:
    line = place.lines[FINE]
    before = place.world.client.customer(index=FINE)
    walked = place.world.client.walk(place.connect_link(consentId=line["consent_id"]), cancel=True)
    assert (walked.url, walked.code, walked.consent_id) == ("http://127.0.0.1:9/callback", None, None)
    assert place.world.client.customer(index=FINE) == before


def test_a_stranger_connects_a_new_bank_with_some_of_its_accounts(place: Place) -> None:
    link = place.connect_link(email="ny@firma.example", accountsGroupId="42", accountsGroupName="Ny Firma")
    walked = place.world.client.walk(link, bank="DK_JyskeBank")
    facts = place.world.client.customer(email="ny@firma.example")["consents"]
    assert [(one["bank"], one["consent_id"], one["group"]) for one in facts] == [
        ("Jyske Bank", walked.consent_id, "42")
    ]


def test_the_hub_updates_a_connection_without_the_integrator(place: Place) -> None:
    line = place.lines[EXPIRED]
    bearer = place.bearer(line)
    stood = place.accounts(bearer)[0]["lastSynchronized"]
    place.world.client.update_in_hub(line["email"])
    place.clock.move(minutes=1)
    assert place.accounts(bearer)[0]["lastSynchronized"] > stood


def test_a_wrong_code_is_refused_and_the_fifth_wrong_one_kills_it(place: Place) -> None:
    hub = place.world.addresses["hub"]
    with plain_client(hub) as browser:
        browser.follow_redirects = True
        browser.get("/")
        browser.post("/hub/login", data={"email": "a@b.example"})
        right = place.world.client.mails("a@b.example")[0]["text"].split("talkode er ")[1][:6]
        wrong = f"{(int(right) + 1) % 1_000_000:06}"
        assert [browser.post("/hub/code", data={"code": wrong}).status_code for _ in range(5)] == [422] * 5
        assert browser.post("/hub/code", data={"code": right}).status_code == 403
        assert 'data-page="login"' in browser.get("/hub/accounts").text
