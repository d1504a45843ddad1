"""The one registry of what an operator can do: keys, footer, help and the reasons why not all come from here.

Letters that a torn escape sequence may leave behind (`A B C D F H M P Q R S Z ~ [ O`) name no action, and no
act has a bare key that changes anything: each opens a plan (`facts/console.md` rules 3 and 4).
"""

from dataclasses import dataclass

FLEET, CONNECTION, POSTINGS, MESSAGES, HELP = "fleet", "connection", "postings", "messages", "help"
INCIDENTS, FORECAST, TRIAGE, WHY = "incidents", "forecast", "triage", "why"
HANDOVER, AUDIT, EVENT, PLANS, PLAN = "handover", "audit", "event", "plans", "plan"
SCOPES = (
    *(FLEET, CONNECTION, TRIAGE, POSTINGS, INCIDENTS, FORECAST, WHY),
    *(PLANS, PLAN, HANDOVER, AUDIT, EVENT, MESSAGES, HELP),
)
LISTS = frozenset(SCOPES)
TORN = frozenset("ABCDFHMPQRSZ~[O<;0123456789")
"""Characters of broken escape sequences and mouse reports."""


@dataclass(frozen=True, slots=True)
class Action:
    """One thing to do. `title` is a text key, `handler` and `why` are names of methods of the screen.

    `why()` gives the reason why it cannot be done now, or None. `danger`: 0 looks, 1 acts, 2 takes away.
    What acts needs a right of `backend.rules.roles.RIGHTS`: that of its id, where `right` does not name another.
    `footer` is its place in the footer, 0 for none; the footers of `quiet` screens have no room for it.
    """

    id: str
    keys: tuple[str, ...]
    handler: str
    scopes: frozenset[str]
    danger: int = 0
    why: str = ""
    footer: int = 0
    quiet: frozenset[str] = frozenset()
    right: str = ""

    @property
    def title(self) -> str:
        return f"console.action.{self.id}"


def _in(*scopes: str) -> frozenset[str]:
    return frozenset(scopes)


ACTIONS: tuple[Action, ...] = (
    Action("primary", ("enter",), "do_primary", _in(TRIAGE), 1, "why_no_primary", 1),
    Action("renew", ("r",), "do_renew", _in(FLEET, CONNECTION, TRIAGE), 1, "why_not_act", 1, _in(TRIAGE)),
    Action("sync", ("s",), "do_sync", _in(FLEET, CONNECTION, TRIAGE), 1, "why_not_act", 2, _in(TRIAGE)),
    Action("remove", ("x",), "do_remove", _in(FLEET, CONNECTION, TRIAGE), 2, "why_not_act", 3, _in(TRIAGE)),
    Action("connect", ("n",), "do_connect", _in(FLEET, CONNECTION), 1),
    Action("triage", ("t",), "do_triage", _in(FLEET, CONNECTION, INCIDENTS), 0, "", 4, _in(CONNECTION)),
    Action("next", ("n",), "do_down", _in(TRIAGE), 0, "", 2),
    Action("open_problem", ("o", "right", "l"), "do_open", _in(TRIAGE), 0, "why_not_act"),
    Action("why", ("y",), "do_why", _in(CONNECTION, TRIAGE), 0, "why_not_act", 3, _in(TRIAGE)),
    Action("copy", ("c",), "do_copy", _in(CONNECTION, TRIAGE), 0, "why_not_act", 5),
    Action("snooze", ("z",), "do_snooze", _in(CONNECTION, TRIAGE), 1, "why_no_problem", 3, _in(CONNECTION)),
    Action("note", ("N",), "do_note", _in(CONNECTION, TRIAGE), 1, "why_not_act", 4, _in(CONNECTION)),
    Action("mute", ("u",), "do_mute", _in(CONNECTION, TRIAGE), 1, "why_no_problem"),
    Action("assign", ("i",), "do_assign", _in(CONNECTION, TRIAGE), 1, "why_no_problem"),
    Action("ticket", ("T",), "do_ticket", _in(CONNECTION, TRIAGE), 0, "why_not_act"),
    Action("accept", ("a",), "do_accept", _in(CONNECTION, TRIAGE), 1, "why_not_accept", right="accept_renewal"),
    Action("next_section", ("tab",), "do_next_section", _in(CONNECTION, HANDOVER)),
    Action("previous_section", ("shift+tab",), "do_previous_section", _in(CONNECTION, HANDOVER)),
    Action("open", ("enter", "right", "l"), "do_open", _in(FLEET), 0, "why_not_open"),
    Action("open_posting", ("enter", "right", "l"), "do_open", _in(POSTINGS), 0, "why_not_open"),
    Action("filter", ("slash",), "do_filter", _in(FLEET, AUDIT), 0, "", 5),
    Action("order", ("o",), "do_order", _in(FLEET)),
    Action("order_turn", ("i",), "do_order_turn", _in(FLEET)),
    Action("mark", ("space",), "do_mark", _in(FLEET), 0, "why_not_open"),
    Action("mark_all", ("a",), "do_mark_all", _in(FLEET)),
    Action("unmark", ("u",), "do_unmark", _in(FLEET)),
    Action("postings", ("p",), "do_postings", _in(FLEET), 0, "", 5),
    Action("postings_here", ("p",), "do_postings", _in(CONNECTION, TRIAGE), 0, "why_not_act"),
    Action("incidents", ("e",), "do_incidents", _in(FLEET)),
    Action("forecast", ("w",), "do_forecast", _in(FLEET)),
    Action("plans", ("d",), "do_plans", _in(FLEET, CONNECTION, INCIDENTS)),
    Action("undo", ("z",), "do_undo", _in(FLEET, PLANS, PLAN), 1, "why_not_undo", right="steer"),
    Action("open_plan", ("enter", "right", "l"), "do_open", _in(PLANS), 0, "why_no_plan", 1),
    Action("open_act", ("enter", "right", "l"), "do_open", _in(PLAN), 0, "why_not_open"),
    Action("group", ("tab", "t"), "do_group", _in(PLAN), 0, "", 1),
    Action("group_back", ("shift+tab",), "do_group_back", _in(PLAN)),
    Action("pause", ("p",), "do_pause", _in(PLANS, PLAN), 1, "why_not_pause", 2, right="steer"),
    Action("run_again", ("r",), "do_again", _in(PLANS, PLAN), 1, "why_not_again", 3, right="steer"),
    Action("cancel", ("x",), "do_cancel", _in(PLANS, PLAN), 2, "why_not_cancel", 4, right="steer"),
    Action("approve", ("a",), "do_approve", _in(PLANS, PLAN), 1, "why_not_approve"),
    Action("decline", ("n",), "do_decline", _in(PLANS, PLAN), 1, "why_not_approve", right="approve"),
    Action("in_list", ("f",), "do_in_list", _in(PLANS, PLAN), 0, "why_no_plan"),
    Action("drafts", ("t",), "do_drafts", _in(PLANS), 0, "", 5),
    Action("copy_report", ("c",), "do_copy", _in(PLAN), 0, "why_no_plan", 5),
    Action("audit", ("L",), "do_audit", _in(FLEET, CONNECTION, INCIDENTS)),
    Action("open_line", ("enter", "right", "l"), "do_open", _in(AUDIT), 0, "why_not_open", 1),
    Action("open_connection", ("o",), "do_open_connection", _in(AUDIT, EVENT), 0, "why_no_connection", 2),
    Action("verify", ("V",), "do_verify", _in(AUDIT), 0, "", 3),
    Action("open_incident", ("enter", "right", "l"), "do_open", _in(INCIDENTS), 0, "why_not_open", 1),
    Action("handover", ("V",), "do_handover", _in(FLEET, INCIDENTS)),
    Action("open_handover", ("enter", "right", "l"), "do_open", _in(HANDOVER), 0, "why_not_open", 1),
    Action("period", ("t",), "do_period", _in(HANDOVER), 0, "", 2),
    Action("copy_handover", ("c",), "do_copy", _in(HANDOVER), 0, "why_not_read", 3),
    Action("hand_over", ("a",), "do_hand_over", _in(HANDOVER), 1, "why_not_read", 4),
    Action("accept_posting", ("a",), "do_accept", _in(POSTINGS), 1, "why_not_accept", 3),
    Action("discard_posting", ("d",), "do_discard", _in(POSTINGS), 2, "why_not_discard", 4),
    Action("mark_posting", ("space",), "do_mark", _in(POSTINGS), 0, "why_not_open"),
    Action("unmark_postings", ("u",), "do_unmark", _in(POSTINGS)),
    Action("follow", ("f",), "do_follow", _in(POSTINGS), 0, "", 1),
    Action("state", ("tab", "t"), "do_state", _in(POSTINGS), 0, "", 2),
    Action("up", ("up", "k"), "do_up", LISTS),
    Action("down", ("down", "j"), "do_down", LISTS),
    Action("page_up", ("pageup", "b"), "do_page_up", LISTS),
    Action("page_down", ("pagedown",), "do_page_down", LISTS),
    Action("first", ("home", "g"), "do_first", LISTS),
    Action("last", ("end", "G"), "do_last", LISTS),
    Action("messages", ("m",), "do_messages", LISTS - {MESSAGES, HELP}),
    Action("theme", ("v",), "do_theme", LISTS - {MESSAGES, HELP}),
    Action("help", ("question_mark",), "do_help", LISTS - {HELP}, 0, "", 7),
    Action("back", ("escape", "left", "h"), "do_back", _in(FLEET)),
    Action("leave", ("escape", "left", "h"), "do_back", LISTS - {FLEET}, 0, "", 6),
    Action("quit", ("q",), "do_quit", LISTS),
)

LABELS = {
    "slash": "/",
    "question_mark": "?",
    "space": "Space",
    "escape": "Esc",
    "enter": "Enter",
    "up": "↑",
    "down": "↓",
    "left": "←",
    "right": "→",
    "pageup": "PgUp",
    "pagedown": "PgDn",
    "home": "Home",
    "end": "End",
    "tab": "Tab",
    "shift+tab": "⇧Tab",
}


def label(key: str) -> str:
    """How a key is written for people."""
    return LABELS.get(key, key)


def actions_in(scope: str) -> tuple[Action, ...]:
    """Everything that can be done on one screen, in the registry's order."""
    return tuple(action for action in ACTIONS if scope in action.scopes)


def keymap(scope: str) -> dict[str, Action]:
    """Key to action on one screen. Raises ValueError when two actions want the same key."""
    keys: dict[str, Action] = {}
    for action in actions_in(scope):
        for key in action.keys:
            if key in keys:
                raise ValueError(f"{key!r} is both {keys[key].id} and {action.id} in {scope}")
            keys[key] = action
    return keys


def footer(scope: str) -> tuple[Action, ...]:
    """The actions for the last line of a screen: at most seven (`tests/tui/test_actions.py`)."""
    shown = (action for action in actions_in(scope) if action.footer and scope not in action.quiet)
    return tuple(sorted(shown, key=lambda action: action.footer))
