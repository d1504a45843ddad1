"""Mail over SMTP, and the pages and JSON that show it."""

import smtplib
from email.message import EmailMessage

import pytest

from backend.sandbox.client import plain_client
from backend.sandbox.mailbox import Letter
from tests.sandbox.clocks import START
from tests.sandbox.conftest import Place


def send(place: Place, to: str, text: str, subject: str = "Forny forbindelsen") -> None:
    host, _, port = place.world.addresses["smtp"].removeprefix("smtp://").partition(":")
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"], mail["Message-ID"] = "a@b.example", to, subject, "<1@b.example>"
    mail.set_content(text)
    with smtplib.SMTP(host, int(port), local_hostname="localhost") as server:
        server.send_message(mail)


def test_a_mail_is_kept_with_its_links(place: Place) -> None:
    send(place, "k@firma.example", "Hej Søren\n\nTryk her: http://127.0.0.1:1/x?a=1&b=2.\n")
    send(place, "other@firma.example", "intet")
    mails = place.world.client.mails("K@firma.example")
    assert [mail["links"] for mail in mails] == [["http://127.0.0.1:1/x?a=1&b=2"]]
    assert (mails[0]["subject"], mails[0]["message_id"]) == ("Forny forbindelsen", "<1@b.example>")
    assert "Søren" in mails[0]["text"]
    assert place.world.client.books()["mails"] == 2


def test_the_page_escapes_the_mail_and_makes_its_links_clickable(place: Place) -> None:
    send(place, "k@firma.example", "<script>x</script> http://h.example/a?b=1&c=2 og http://h.example/a", "<b>Emne</b>")
    with plain_client(place.world.addresses["mailbox"]) as http:
        page = http.get("/mail/1").text
        assert '<a href="http://h.example/a?b=1&amp;c=2">' in page
        assert '<a href="http://h.example/a">' in page
        assert "<script>" not in page
        assert "&lt;b&gt;Emne&lt;/b&gt;" in http.get("/", params={"to": "k@firma.example"}).text
        assert "Emne" not in http.get("/", params={"to": "nobody@firma.example"}).text
        assert http.get("/mail/77").status_code == 404


def test_a_lost_mailbox_refuses_and_a_tired_server_puts_off(place: Place) -> None:
    place.world.client.turn("mailbox", gone="Gone@firma.example")
    with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
        send(place, "gone@firma.example", "x")
    assert refused.value.recipients["gone@firma.example"][0] == 550
    place.world.client.turn("mailbox", mood="down")
    with pytest.raises(smtplib.SMTPRecipientsRefused) as later:
        send(place, "k@firma.example", "x")
    assert later.value.recipients["k@firma.example"][0] == 451
    place.world.client.turn("mailbox", mood="ok")
    send(place, "k@firma.example", "x")
    assert len(place.world.client.mails()) == 1


def test_a_link_ends_before_the_sentence_does() -> None:
    letter = Letter(
        number=1, at=START, sender="", to=(), subject="", text="(se https://x.example/a). Slut", message_id=""
    )
    assert letter.links == ["https://x.example/a"]
