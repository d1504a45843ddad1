"""The mailbox as people and programs read it."""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from backend.sandbox import pages
from backend.sandbox.mailbox import Letter, Mailbox
from backend.sandbox.shapes import instant
from backend.sandbox.web import answer
from backend.texts import Say


def mailbox_app(mailbox: Mailbox) -> Starlette:
    """The ASGI application of the mailbox's port: pages at `/`, JSON at `/mails`."""

    async def listing(request: Request) -> Response:
        to = request.query_params.get("to", "").strip()
        letters = mailbox.listing(to or None)
        return pages.mails(_say(request), letters, len(mailbox.letters), to)

    async def one(request: Request) -> Response:
        number = request.path_params["number"]
        letter = next((letter for letter in mailbox.letters if letter.number == number), None)
        return (
            pages.simple(_say(request), "mailbox.gone", 404, back="/")
            if letter is None
            else pages.mail(_say(request), letter)
        )

    async def as_json(request: Request) -> Response:
        limit = int(request.query_params.get("limit", "200"))
        return answer([_json(letter) for letter in mailbox.listing(request.query_params.get("to"), limit)])

    return Starlette(routes=[Route("/", listing), Route("/mail/{number:int}", one), Route("/mails", as_json)])


def _say(request: Request) -> Say:
    return pages.texts(request.query_params.get("culture", "da"))


def _json(letter: Letter) -> dict[str, object]:
    return {
        "number": letter.number,
        "at": instant(letter.at),
        "from": letter.sender,
        "to": list(letter.to),
        "subject": letter.subject,
        "text": letter.text,
        "links": letter.links,
        "message_id": letter.message_id,
    }
