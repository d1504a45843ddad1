"""The HTML of the hub, the banks' login and the mailbox: plain forms, readable without a script."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from html import escape
from urllib.parse import urlencode

from starlette.responses import HTMLResponse, Response

from backend.sandbox.banks import BankKind
from backend.sandbox.fleet import AccountKind
from backend.sandbox.mailbox import Letter
from backend.sandbox.world import Consent, User
from backend.texts import Say, texts_in

_STYLE = """
:root { color-scheme: light; --ink: #14213d; --soft: #5b6575; --line: #d9dee7; --go: #0b6e4f; --brand: #14213d; }
* { box-sizing: border-box; }
body { margin: 0; background: #f3f5f8; color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
header { background: var(--brand); color: #fff; padding: .8rem 1.2rem; display: flex; gap: 1rem;
  align-items: baseline; }
header b { font-size: 1.2rem; } header small { opacity: .8; }
main { width: min(40rem, 100% - 2rem); margin: 2rem auto; background: #fff; border: 1px solid var(--line);
  border-radius: 10px;
  padding: 1.5rem 1.8rem; }
main.wide { width: min(64rem, 100% - 2rem); }
h1 { font-size: 1.45rem; margin: 0 0 .5rem; } h2 { font-size: 1.1rem; margin: 0; }
p { margin: .4rem 0 1rem; } .soft { color: var(--soft); font-size: .9rem; }
label { display: block; margin: .6rem 0; } input[type=text], input[type=email] { width: 100%; padding: .6rem;
  border: 1px solid #9aa5b5; border-radius: 6px; font: inherit; }
input[name=code] { font-size: 1.5rem; letter-spacing: .5rem; width: 12rem; }
button { font: inherit; padding: .6rem 1.1rem; border-radius: 6px; border: 1px solid var(--line); background: #fff;
  color: var(--ink); cursor: pointer; }
button.go { background: var(--go); border-color: var(--go); color: #fff; font-weight: 600; }
button:focus-visible, input:focus-visible, summary:focus-visible, a:focus-visible { outline: 3px solid #f4a259; }
.row { display: flex; gap: .7rem; flex-wrap: wrap; margin-top: 1rem; } .row form { margin: 0; }
.wrong { color: #a4161a; font-weight: 600; } .notice { background: #e6f4ee; padding: .6rem .9rem; border-radius: 6px; }
section { border: 1px solid var(--line); border-radius: 8px; padding: .9rem 1.1rem; margin: .9rem 0; }
section.current { border-color: var(--go); }
.tag { background: #fff3d6; border-radius: 4px; padding: .1rem .5rem; font-size: .85rem; font-weight: 400; }
ul { list-style: none; margin: .6rem 0; padding: 0; } li { padding: .25rem 0; }
details summary { cursor: pointer; color: var(--go); font-weight: 600; }
table { border-collapse: collapse; width: 100%; } td, th { text-align: left; padding: .4rem .6rem;
  border-bottom: 1px solid var(--line); vertical-align: top; } pre { white-space: pre-wrap; font: inherit; }
"""


def texts(culture: str) -> Say:
    """The texts in the culture's language; Danish for those that Aiia has and we have not."""
    return texts_in("en" if culture == "en" else "da")


def _page(
    say: Say,
    name: str,
    title: str,
    body: str,
    *,
    status: int = 200,
    brand: str = "",
    color: str = "",
    wide: bool = False,
) -> Response:
    lang = "en" if say("hub.cancel") == texts_in("en")("hub.cancel") else "da"
    style = f' style="--brand: {escape(color)}"' if color else ""
    return HTMLResponse(
        f'<!doctype html><html lang="{lang}"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        '<meta name="viewport" content="width=device-width"><link rel="icon" href="data:,">'
        f"<style>{_STYLE}</style></head>"
        f'<body data-page="{name}"{style}><header><b>{escape(brand or say("hub.brand"))}</b>'
        f"<small>{escape(say('hub.sandbox'))}</small></header>"
        f"<main{' class=wide' if wide else ''}><h1>{escape(title)}</h1>{body}</main></body></html>",
        status_code=status,
        headers={"Cache-Control": "no-store"},
    )


def _form(action: str, inner: str, button: str, *, name: str, go: bool = True) -> str:
    kind = ' class="go"' if go else ""
    press = f'<button type="submit"{kind}>{escape(button)}</button>'
    return f'<form method="post" action="{action}" id="{name}">{inner}{press}</form>'


def _cancel(say: Say) -> str:
    return _form("/hub/cancel", "", say("hub.cancel"), name="cancel", go=False)


def _hidden(name: str, value: str) -> str:
    return f'<input type="hidden" name="{name}" value="{escape(value)}">'


def _p(text: str, kind: str = "") -> str:
    return f'<p class="{kind}">{escape(text)}</p>' if kind else f"<p>{escape(text)}</p>"


def day(at: datetime) -> str:
    """A day as Danes write it."""
    return f"{at:%d.%m.%Y}"


def simple(say: Say, key: str, status: int, *, back: str = "") -> Response:
    """A page that only says something; `key` plus `.title` and `.text`."""
    link = f'<p><a href="{back}">{escape(say("hub.back"))}</a></p>' if back else ""
    return _page(say, "message", say(f"{key}.title"), _p(say(f"{key}.text")) + link, status=status)


def login(say: Say, address: str, *, wrong: bool = False) -> Response:
    """Step 1."""
    field = (
        f'<label>{escape(say("hub.login.email"))}<input type="email" name="email" required autofocus '
        f'autocomplete="email" value="{escape(address)}"></label>'
    )
    body = _p(say("hub.login.text")) + (_p(say("hub.login.wrong"), "wrong") if wrong else "")
    return _page(
        say,
        "login",
        say("hub.login.title"),
        body
        + _form("/hub/login", field, say("hub.login.send"), name="login")
        + f'<div class="row">{_cancel(say)}</div>',
        status=422 if wrong else 200,
    )


def code(say: Say, address: str, mailbox: str, *, wrong: bool = False) -> Response:
    """Step 2."""
    field = (
        f'<label>{escape(say("hub.code.label"))}<br><input type="text" name="code" inputmode="numeric" maxlength="7" '
        f'autocomplete="one-time-code" required autofocus></label>'
    )
    body = _p(say("hub.code.text", email=address)) + (_p(say("hub.code.wrong"), "wrong") if wrong else "")
    letters = f"{mailbox}/?{urlencode({'to': address})}"
    body += f'<p class="soft"><a href="{escape(letters)}" target="_blank">{escape(say("hub.code.mailbox"))}</a></p>'
    return _page(
        say,
        "code",
        say("hub.code.title"),
        body + _form("/hub/code", field, say("hub.next"), name="code") + f'<div class="row">{_cancel(say)}</div>',
        status=422 if wrong else 200,
    )


def accounts(say: Say, user: User, now: datetime, *, current: str | None, notice: str, connecting: bool) -> Response:
    """The list of connected accounts, a box for each bank with its *Muligheder*."""
    body = _p(say("hub.accounts.text"), "soft") + (_p(say(notice), "notice") if notice else "")
    consents = sorted(user.consents.values(), key=lambda one: (one.id != current, one.bank.kind.name))
    body += "".join(_box(say, consent, now, consent.id == current) for consent in consents)
    if not consents:
        body += _p(say("hub.accounts.none"))
    more = f'<a href="/hub/banks">{escape(say("hub.accounts.new"))}</a>'
    body += f'<div class="row">{more}{_cancel(say) if connecting else ""}</div>'
    return _page(say, "accounts", say("hub.accounts.title"), body)


def _box(say: Say, consent: Consent, now: datetime, current: bool) -> str:
    ended = consent.ended(now)
    if consent.revoked_at is not None:
        state = say("hub.accounts.revoked")
    elif ended is not None:
        state = say("hub.accounts.ended")
    else:
        state = say("hub.accounts.until", day=day(consent.expires_at))
    synced = consent.synced_at
    fresh = say("hub.accounts.never") if synced is None else say("hub.accounts.synced", at=f"{synced:%d.%m.%y, %H:%M}")
    lines = ""
    for link in consent.links:
        number = link.account.kind.iban or link.account.kind.bban or ""
        lost = f" ({say('hub.accounts.orphaned')})" if link.account.closed_at is not None else ""
        lines += f"<li>{escape(link.account.kind.name)} <span class=soft>{escape(number + lost)}</span></li>"
    forms = _form(
        "/hub/accounts/update",
        _hidden("consent", consent.id) + _hidden("provider", consent.bank.kind.id),
        say("hub.accounts.update"),
        name=f"update-{consent.id}",
    )
    if consent.revoked_at is None:
        forms += _form(
            "/hub/accounts/remove",
            _hidden("consent", consent.id),
            say("hub.accounts.remove"),
            name=f"remove-{consent.id}",
            go=False,
        )
    tag = f' <span class="tag">{escape(say("hub.accounts.current"))}</span>' if current else ""
    return (
        f'<section class="{"current" if current else "bank"}"><h2>{escape(consent.bank.kind.name)}{tag}</h2>'
        f'<div class="soft">{escape(state)} · {escape(fresh)}</div><ul>{lines}</ul>'
        f"<details><summary>{escape(say('hub.accounts.options'))}</summary>"
        f'<div class="row">{forms}</div></details></section>'
    )


def banks(say: Say, kinds: Iterable[BankKind]) -> Response:
    """The choice of a bank."""
    buttons = "".join(
        _form("/hub/banks", _hidden("bank", kind.id), kind.name, name=f"bank-{kind.id}", go=False) for kind in kinds
    )
    body = _p(say("hub.banks.text")) + f'<div class="row">{buttons}</div><div class="row">{_cancel(say)}</div>'
    return _page(say, "banks", say("hub.banks.title"), body)


def bank(say: Say, kind: BankKind, name: str) -> Response:
    """The bank's own login, with one button where MitID would be."""
    body = _p(say("hub.bank.text", name=name))
    body += f'<div class="row">{_form("/bank", "", say("hub.bank.approve"), name="approve")}{_cancel(say)}</div>'
    return _page(say, "bank", say("hub.bank.title", bank=kind.name), body, brand=kind.name, color=kind.color)


def bank_down(say: Say, kind: BankKind) -> Response:
    """What a customer sees when the bank is down."""
    body = _p(say("hub.bank.down.text")) + f'<p><a href="/bank">{escape(say("hub.bank.again"))}</a></p>'
    title = say("hub.bank.down.title", bank=kind.name)
    return _page(
        say,
        "bank-down",
        title,
        body + f'<div class="row">{_cancel(say)}</div>',
        status=503,
        brand=kind.name,
        color=kind.color,
    )


def _tick(place: int, one: AccountKind) -> str:
    number = escape(one.iban or one.bban or "")
    return (
        f'<label><input type="checkbox" name="account" value="{place}" data-number="{number}" checked> '
        f'{escape(one.name)} <span class="soft">{number}</span></label>'
    )


def choose(say: Say, kind: BankKind, offered: Sequence[tuple[int, AccountKind]], *, wrong: bool = False) -> Response:
    """The choice of accounts, all ticked."""
    boxes = "".join(_tick(place, one) for place, one in offered)
    body = _p(say("hub.choose.text", bank=kind.name)) + (_p(say("hub.choose.wrong"), "wrong") if wrong else "")
    return _page(
        say,
        "choose",
        say("hub.choose.title"),
        body + _form("/hub/choose", boxes, say("hub.next"), name="choose") + f'<div class="row">{_cancel(say)}</div>',
        status=422 if wrong else 200,
    )


def consent(say: Say, kind: BankKind, chosen: Sequence[AccountKind], until: datetime) -> Response:
    """The consent."""
    lines = "".join(
        f"<li>{escape(one.name)} <span class=soft>{escape(one.iban or one.bban or '')}</span></li>" for one in chosen
    )
    body = _p(say("hub.consent.text", bank=kind.name, day=day(until))) + f"<ul>{lines}</ul>"
    body += f'<div class="row">{_form("/hub/consent", "", say("hub.consent.agree"), name="agree")}{_cancel(say)}</div>'
    return _page(say, "consent", say("hub.consent.title"), body)


def mails(say: Say, letters: Sequence[Letter], count: int, to: str) -> Response:
    """The mailbox's list."""
    rows = "".join(
        f"<tr><td>{letter.at:%d.%m.%y, %H:%M}</td><td>{escape(', '.join(letter.to))}</td>"
        f'<td><a href="/mail/{letter.number}">{escape(letter.subject) or "·"}</a></td></tr>'
        for letter in letters
    )
    heads = "".join(f"<th>{escape(say(key))}</th>" for key in ("mailbox.at", "mailbox.to", "mailbox.subject"))
    search = (
        f'<form method="get" action="/"><label>{escape(say("mailbox.search"))}'
        f'<input type="text" name="to" value="{escape(to)}"></label></form>'
    )
    table = f"<table><tr>{heads}</tr>{rows}</table>" if letters else _p(say("mailbox.none"))
    body = _p(say("mailbox.text", count=count), "soft") + search + table
    return _page(say, "mails", say("mailbox.title"), body, brand=say("mailbox.brand"), wide=True)


def mail(say: Say, letter: Letter) -> Response:
    """One mail; its links can be followed."""
    text, done = "", 0
    for begin, end in letter.links_at():
        link = escape(letter.text[begin:end])
        text += f'{escape(letter.text[done:begin])}<a href="{link}">{link}</a>'
        done = end
    text += escape(letter.text[done:])
    body = (
        f'<p class="soft">{escape(say("mailbox.from"))}: {escape(letter.sender)}<br>{escape(say("mailbox.to"))}: '
        f"{escape(', '.join(letter.to))}<br>{escape(say('mailbox.at'))}: {letter.at:%d.%m.%y, %H:%M}</p>"
        f'<pre>{text}</pre><p><a href="/">{escape(say("hub.back"))}</a></p>'
    )
    return _page(say, "mail", letter.subject or "·", body, brand=say("mailbox.brand"), wide=True)
