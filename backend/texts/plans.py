"""Texts about plans: how they stand, why one stops, and why it cannot be run or steered so."""

TEXTS: dict[str, tuple[str, str]] = {
    # -- how a plan stands
    "plan.state.draft": ("ikke sat i gang", "not begun"),
    "plan.state.approval": ("afventer godkendelse", "awaits approval"),
    "plan.state.running": ("i gang", "running"),
    "plan.state.paused": ("sat på pause", "paused"),
    "plan.state.ended": ("afsluttet", "ended"),
    "plan.state.cancelled": ("annulleret", "cancelled"),
    "plan.note.paused": ("sat på pause af en operatør", "paused by an operator"),
    "plan.note.cancelled": ("annulleret, før den blev udført", "cancelled before it was done"),
    "plan.note.undone": ("fortrudt, før noget skete", "undone before anything happened"),
    "plan.note.declined": ("afvist af den anden operatør", "declined by the second operator"),
    "plan.stop.canary": (
        "stoppet: de første mislykkedes. Se hvorfor, og genoptag eller annuller",
        "stopped: the first ones failed. See why, then resume or cancel",
    ),
    "plan.stop.failures": (
        "stoppet: for mange mislykkedes. Se hvorfor, og genoptag eller annuller",
        "stopped: too many failed. See why, then resume or cancel",
    ),
    "plan.stop.unknown": (
        "stoppet: for mange er uafklarede. De slås op igen; genoptag, når de er afklaret",
        "stopped: the outcome of too many is unknown. They are looked up again; resume when they are settled",
    ),
    # -- why an item does not run
    "changed_since": (
        "noget er ændret, siden planen blev vist; lav en ny plan",
        "something has changed since the plan was shown; make a new plan",
    ),
    "would_supersede": (
        "et nyt samtykke kan afslutte en anden kundes; forny den for sig, og læs advarslen",
        "a new consent may end another customer's; renew it by itself, and read the warning",
    ),
    # -- what the console says of orders to plans
    "console.approval_asked": (
        "Plan {plan} venter, til en anden operatør godkender den. Intet er gjort endnu.",
        "Plan {plan} waits until another operator approves it. Nothing is done yet.",
    ),
    "console.approved": ("Plan {plan} er godkendt", "Plan {plan} is approved"),
    "console.declined": ("Plan {plan} er afvist, intet er gjort.", "Plan {plan} is declined, nothing was done."),
    "console.steered": ("Plan {plan}: {state}", "Plan {plan}: {state}"),
    "console.steered.pause": ("på pause; det, der er sendt, følges til ende", "paused; what was sent is followed up"),
    "console.steered.resume": ("genoptaget", "resumed"),
    "console.steered.cancel": (
        "annulleret; det, der er sendt, følges til ende",
        "cancelled; what was sent is followed",
    ),
    "console.steered.undo": ("fortrudt, intet er sket", "undone, nothing has happened"),
    "console.steer_failed": ("Planen er ikke ændret: {error}", "The plan was not changed: {error}"),
    # -- why it cannot be done so
    "plan.unknown": (
        "Der er ingen plan {plan}. `forny plans --drafts` viser dem alle.",
        "There is no plan {plan}. `forny plans --drafts` lists them all.",
    ),
    "plan.not_a_draft": (
        "Plan {plan} er allerede sat i gang af {by}. `forny plan {plan}` viser, hvor langt den er.",
        "Plan {plan} was run already, by {by}. `forny plan {plan}` shows how far it is.",
    ),
    "plan.too_old": (
        "Plan {plan} er for gammel: for meget kan være ændret. Lav en ny.",
        "Plan {plan} is too old: too much may have changed. Make a new one.",
    ),
    "plan.no_approval_asked": (
        "Plan {plan} venter ikke på godkendelse.",
        "Plan {plan} does not wait for approval.",
    ),
    "plan.awaits_approval": (
        "Så mange fjernelser venter, til en anden operatør har godkendt dem.",
        "So many removals wait until another operator has approved them.",
    ),
    "plan.own_approval": (
        "Plan {plan} er din egen ({by}): en anden skal godkende den.",
        "Plan {plan} is your own ({by}): somebody else must approve it.",
    ),
    "plan.late_approval": (
        "Plan {plan} er for gammel til at blive godkendt. {by} kan annullere den og lave en ny.",
        "Plan {plan} is too old to be approved. {by} can cancel it and make a new one.",
    ),
    "plan.not_what_was_seen": (
        "Plan {plan} er ikke den, du så. Se den igen, før du godkender.",
        "Plan {plan} is not what you saw. Look at it again before you approve.",
    ),
    "plan.cannot.pause": (
        "Plan {plan} er ikke i gang, så den kan ikke sættes på pause.",
        "Plan {plan} is not running, so it cannot be paused.",
    ),
    "plan.cannot.resume": (
        "Plan {plan} er ikke sat på pause, så den kan ikke genoptages.",
        "Plan {plan} is not paused, so it cannot be resumed.",
    ),
    "plan.cannot.cancel": (
        "Plan {plan} er forbi, så den kan ikke annulleres.",
        "Plan {plan} is over, so it cannot be cancelled.",
    ),
    "plan.cannot.undo": (
        "Plan {plan} er forbi. Det, der er sket, kan ikke fortrydes; kunden må forbinde igen.",
        "Plan {plan} is over. What has happened cannot be undone; the customer has to connect again.",
    ),
    "plan.too_late_to_undo": (
        "Det er for sent at fortryde plan {plan}. `forny plan {plan} cancel` stopper resten.",
        "It is too late to undo plan {plan}. `forny plan {plan} cancel` stops the rest.",
    ),
    "plan.nothing_to_repeat": (
        "Intet i plan {plan} er mislykket eller annulleret.",
        "Nothing in plan {plan} has failed or was cancelled.",
    ),
}
