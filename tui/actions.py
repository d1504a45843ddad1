"""The one registry of what an operator can do: keys, footer, help and the reasons why not all come from here.

Letters that a torn escape sequence may leave behind (`A B C D F H M P Q R S Z ~ [ O`) name no action, and no
act has a bare key that changes anything: each opens a plan (`facts/console.md` rules 3 and 4). A key that acts means
the same act on every screen, so that a hand that is one screen ahead or behind does no other harm.
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


@dataclass(frozen=True, slots=True)
class Action:
    """One thing to do. `handler` and `why` are names of methods of the screen; `opens` is the screen that it opens.

    `why()` gives the reason why it cannot be done now, or None. `danger`: 0 looks, 1 acts, 2 takes away.
    What acts needs a right of `backend.rules.roles.RIGHTS`: that of its id, where `right` does not name another.
    `footer` is its place in the footer, 0 for none; the footers of `quiet` screens have no room for it.
    On the screens in `apart` it goes by another name.
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
    opens: str = ""
    apart: frozenset[str] = frozenset()

    def title(self, scope: str) -> str:
        """The text key of what it is called on a screen."""
        return f"console.action.{self.id}" + (f".{scope}" if scope in self.apart else "")


def _in(*scopes: str) -> frozenset[str]:
    return frozenset(scopes)


def _opens(scope: str, key: str, scopes: frozenset[str], why: str = "", footer: int = 0, *quiet: str) -> Action:
    return Action(scope, (key,), "", scopes, 0, why, footer, _in(*quiet), opens=scope)


ONE = _in(CONNECTION, TRIAGE)
ABOUT_PLANS = _in(PLANS, PLAN)
OPENED = _in(FLEET, POSTINGS, PLANS, PLAN, AUDIT, INCIDENTS, HANDOVER)

ACTIONS: tuple[Action, ...] = (
    Action("primary", ("enter",), "do_primary", _in(TRIAGE), 1, "why_no_primary", 1),
    Action("renew", ("r",), "do_renew", _in(FLEET, *ONE), 1, "why_not_act", 1, _in(TRIAGE)),
    Action("sync", ("s",), "do_sync", _in(FLEET, *ONE), 1, "why_not_act", 2, _in(TRIAGE)),
    Action("remove", ("x",), "do_remove", _in(FLEET, *ONE), 2, "why_not_act", 3, _in(TRIAGE)),
    Action("connect", ("n",), "do_connect", _in(FLEET, CONNECTION), 1),
    _opens(TRIAGE, "t", _in(FLEET, CONNECTION, INCIDENTS), "", 4, CONNECTION),
    Action("next", ("n",), "do_down", _in(TRIAGE), 0, "", 2),
    Action("open_problem", ("o", "right", "l"), "do_open", _in(TRIAGE), 0, "why_not_act"),
    _opens(WHY, "y", ONE, "why_not_act", 3, TRIAGE),
    Action("copy", ("c",), "do_copy", ONE | {PLAN, HANDOVER}, 0, "why_not_copy", 5, apart=_in(PLAN, HANDOVER)),
    Action("snooze", ("z",), "do_snooze", ONE, 1, "why_no_problem", 3, _in(CONNECTION)),
    Action("note", ("N",), "do_note", ONE, 1, "why_not_act", 4, _in(CONNECTION)),
    Action("mute", ("u",), "do_mute", ONE, 1, "why_no_problem"),
    Action("assign", ("i",), "do_assign", ONE, 1, "why_no_problem"),
    Action("ticket", ("T",), "do_ticket", ONE, 0, "why_not_act"),
    Action(
        "accept",
        ("a",),
        "do_accept",
        ONE | {POSTINGS},
        1,
        "why_not_accept",
        3,
        ONE,
        "accept_renewal",
        "",
        _in(POSTINGS),
    ),
    Action("discard_posting", ("d",), "do_discard", _in(POSTINGS), 2, "why_not_discard", 4),
    Action("next_section", ("tab",), "do_next_section", _in(CONNECTION, HANDOVER)),
    Action("previous_section", ("shift+tab",), "do_previous_section", _in(CONNECTION, HANDOVER)),
    Action(
        *("open", ("enter", "right", "l"), "do_open", OPENED, 0, "why_not_open", 1),
        quiet=_in(FLEET, POSTINGS, PLAN),
        apart=OPENED - {FLEET},
    ),
    Action("filter", ("slash",), "do_filter", _in(FLEET, AUDIT), 0, "", 5),
    Action("order", ("o",), "do_order", _in(FLEET)),
    Action("order_turn", ("i",), "do_order_turn", _in(FLEET)),
    Action("mark", ("space",), "do_mark", _in(FLEET, POSTINGS), 0, "why_not_open"),
    Action("mark_all", ("a",), "do_mark_all", _in(FLEET)),
    Action("unmark", ("u",), "do_unmark", _in(FLEET, POSTINGS)),
    Action(
        *(POSTINGS, ("p",), "", ONE | {FLEET}, 0, "why_not_look", 5, ONE),
        opens=POSTINGS,
        apart=ONE,
    ),
    _opens(INCIDENTS, "e", _in(FLEET)),
    _opens(FORECAST, "w", _in(FLEET)),
    _opens(PLANS, "d", _in(FLEET, CONNECTION, INCIDENTS)),
    Action("undo", ("U",), "do_undo", LISTS, 1, "why_not_undo", right="steer"),
    Action("group", ("tab", "t"), "do_group", _in(PLAN), 0, "", 1),
    Action("group_back", ("shift+tab",), "do_group_back", _in(PLAN)),
    Action("pause", ("p",), "do_pause", ABOUT_PLANS, 1, "why_not_pause", 2, right="steer"),
    Action("run_again", ("K",), "do_again", ABOUT_PLANS, 1, "why_not_again", 3, right="steer"),
    Action("cancel", ("X",), "do_cancel", ABOUT_PLANS, 2, "why_not_cancel", 4, right="steer"),
    Action("approve", ("Y",), "do_approve", ABOUT_PLANS, 1, "why_not_approve"),
    Action("decline", ("I",), "do_decline", ABOUT_PLANS, 1, "why_not_approve", right="approve"),
    Action("in_list", ("f",), "do_in_list", ABOUT_PLANS, 0, "why_no_plan"),
    Action("drafts", ("t",), "do_drafts", _in(PLANS), 0, "", 5),
    _opens(AUDIT, "L", _in(FLEET, CONNECTION, INCIDENTS)),
    Action("open_connection", ("o",), "do_open_connection", _in(AUDIT, EVENT), 0, "why_no_connection", 2),
    Action("verify", ("t",), "do_verify", _in(AUDIT), 0, "why_not_verify", 3),
    _opens(HANDOVER, "V", _in(FLEET, INCIDENTS)),
    Action("period", ("t",), "do_period", _in(HANDOVER), 0, "", 2),
    Action("hand_over", ("E",), "do_hand_over", _in(HANDOVER), 1, "why_not_read", 4),
    Action("follow", ("f",), "do_follow", _in(POSTINGS), 0, "", 1),
    Action("state", ("tab", "t"), "do_state", _in(POSTINGS), 0, "", 2),
    Action("up", ("up", "k"), "do_up", LISTS),
    Action("down", ("down", "j"), "do_down", LISTS),
    Action("page_up", ("pageup", "b"), "do_page_up", LISTS),
    Action("page_down", ("pagedown",), "do_page_down", LISTS),
    Action("first", ("home", "g"), "do_first", LISTS),
    Action("last", ("end", "G"), "do_last", LISTS),
    _opens(MESSAGES, "m", LISTS - {MESSAGES, HELP}),
    Action("theme", ("v",), "do_theme", LISTS - {MESSAGES, HELP}),
    Action("help", ("question_mark",), "do_help", LISTS, 0, "", 7, _in(HELP)),
    Action("back", ("escape", "left", "h"), "do_back", LISTS, 0, "", 6, _in(FLEET), apart=_in(FLEET)),
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


def key_of(action: str) -> str:
    """The key of an action as it is written for people, for texts that name it."""
    return next(label(one.keys[0]) for one in ACTIONS if one.id == action)


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
