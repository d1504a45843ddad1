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
    # -- the console's screens about plans
    "console.action.plans": ("Planer: i gang og afsluttede", "Plans: running and past"),
    "console.action.undo": ("Fortryd en fjernelse, mens det kan nås", "Undo a removal while there is time"),
    "console.action.open_plan": ("Åbn planen", "Open the plan"),
    "console.action.open_plan.short": ("åbn", "open"),
    "console.action.open_act": ("Åbn handlingens forbindelse", "Open the act's connection"),
    "console.action.group": ("Vis det næste udfald", "Show the next outcome"),
    "console.action.group.short": ("udfald", "outcome"),
    "console.action.group_back": ("Vis det forrige udfald", "Show the outcome before"),
    "console.action.pause": ("Sæt på pause, eller genoptag", "Pause, or resume"),
    "console.action.pause.short": ("pause", "pause"),
    "console.action.run_again": (
        "Kør en kladde, eller prøv igen det, der mislykkedes (viser først en plan)",
        "Run a draft, or try again what failed (shows a plan first)",
    ),
    "console.action.run_again.short": ("kør/igen", "run/retry"),
    "console.action.cancel": ("Annuller det, der ikke er begyndt", "Cancel what has not begun"),
    "console.action.cancel.short": ("annuller", "cancel"),
    "console.action.approve": ("Godkend en andens plan", "Approve somebody else's plan"),
    "console.action.decline": ("Afvis en andens plan", "Decline somebody else's plan"),
    "console.action.in_list": ("Vis dens forbindelser i listen", "Show its connections in the list"),
    "console.action.drafts": ("Vis kladder, eller skjul dem", "Show drafts, or hide them"),
    "console.action.drafts.short": ("kladder", "drafts"),
    "console.action.copy_report": ("Kopier rapporten", "Copy the report"),
    "console.action.copy_report.short": ("kopier", "copy"),
    "console.help.title.plans": ("Hjælp: planer", "Help: plans"),
    "console.help.intro.plans": (
        "Hver linje er en plan: de åbne først, så de nyeste. En plan begynder i etaper (1, 5, resten), stopper selv,"
        " hvis for meget mislykkes, og kan sættes på pause, genoptages og annulleres. En fjernelse kan fortrydes,"
        " til den begynder.",
        "Each line is a plan: the open ones first, then the newest. A plan begins in stages (1, 5, the rest), stops by"
        " itself when too much fails, and can be paused, resumed and cancelled. A removal can be undone until it"
        " begins.",
    ),
    "console.help.title.plan": ("Hjælp: en plan", "Help: one plan"),
    "console.help.intro.plan": (
        "Øverst udfaldene med deres grunde; Tab viser et af dem. Nederst hver handling i planens egen rækkefølge.",
        "At the top the outcomes with their reasons; Tab shows one of them. Below each act in the plan's own order.",
    ),
    "console.plan_state.draft": ("kladde", "draft"),
    "console.plan_state.approval": ("godkendes", "approval"),
    "console.plan_state.running": ("i gang", "running"),
    "console.plan_state.paused": ("på pause", "paused"),
    "console.plan_state.ended": ("afsluttet", "ended"),
    "console.plan_state.cancelled": ("annulleret", "cancelled"),
    "console.plans.title": ("Åbne planer: {n}", "Open plans: {n}"),
    "console.plans.with_drafts": ("med kladder", "with drafts"),
    "console.plans.one": ("Plan {plan}", "Plan {plan}"),
    "console.plans.none": ("Ingen planer endnu. En handling på listen laver en.", "No plans yet. An act makes one."),
    "console.plans.none_here": ("Der er ingen plan her.", "There is no plan here."),
    "console.plans.no_acts": ("Ingen handlinger her.", "No acts here."),
    "console.plans.gone": ("Planen findes ikke mere.", "This plan no longer exists."),
    "console.plans.plan": ("Plan", "Plan"),
    "console.plans.state": ("Tilstand", "State"),
    "console.plans.act": ("Handling", "Act"),
    "console.plans.who": ("Hvem", "Who"),
    "console.plans.at": ("Tid", "At"),
    "console.plans.outcome": ("Udfald", "Outcome"),
    "console.plans.customer": ("Kunde", "Customer"),
    "console.plans.agreement": ("Aftale", "Agreement"),
    "console.plans.bank": ("Bank", "Bank"),
    "console.plans.reason": ("Grund", "Reason"),
    "console.plans.all": ("alle {n}", "all {n}"),
    "console.plans.more": ("… {n} udfald til (Tab)", "… {n} more outcomes (Tab)"),
    "console.plans.later": ("{n} venter til {at}", "{n} wait until {at}"),
    "console.plans.approval": (
        "{who} beder om en anden operatørs godkendelse: a godkender, n afviser",
        "{who} asks for another operator's approval: a approves, n declines",
    ),
    "console.plans.approved_by": ("Godkendt af {who}", "Approved by {who}"),
    "console.plans.draft": ("Ingen har kørt planen: r kører den", "Nobody has run the plan: r runs it"),
    "console.plans.stage": ("Etape: {n} af {all} må begynde", "Stage: {n} of {all} may begin"),
    "console.plans.report": ("planens rapport", "the plan's report"),
    "console.outcome.until": ("venter til {at}", "waits til {at}"),
    "console.undo.until": ("z fortryder til {at} ({n} min)", "z undoes until {at} ({n} min)"),
    "console.undo.header": (
        "z fortryder plan {plan} til {at} ({n} min)",
        "z undoes plan {plan} until {at} ({n} min)",
    ),
    "console.undo.none": (
        "Du har ingen fjernelse, der kan fortrydes. d viser planerne, også andres.",
        "You have no removal that can be undone. d shows the plans, those of others too.",
    ),
    "console.header.approval": ("plan {plan} venter på godkendelse", "plan {plan} awaits approval"),
    "console.header.approval.many": ("{n} planer venter på godkendelse", "{n} plans await approval"),
    "console.header.paused": ("plan {plan} på pause", "plan {plan} paused"),
    "console.header.paused.many": ("{n} planer på pause", "{n} plans paused"),
    "console.header.running": ("plan {plan}: {done}/{all}", "plan {plan}: {done}/{all}"),
    "console.header.running.failed": (
        "plan {plan}: {done}/{all}, {failed} mislykket",
        "plan {plan}: {done}/{all}, {failed} failed",
    ),
    "console.header.running.many": ("{n} planer: {done}/{all}", "{n} plans: {done}/{all}"),
    "console.header.running.many.failed": (
        "{n} planer: {done}/{all}, {failed} mislykket",
        "{n} plans: {done}/{all}, {failed} failed",
    ),
    "console.undo.only_removals": (
        "Kun en fjernelse kan fortrydes. x annullerer det, der ikke er begyndt.",
        "Only a removal can be undone. x cancels what has not begun.",
    ),
    "console.undo.too_late": (
        "Det er for sent at fortryde plan {plan}. x annullerer det, der ikke er begyndt.",
        "It is too late to undo plan {plan}. x cancels what has not begun.",
    ),
    "console.order.resume": ("Genoptag plan {plan}, {act}?", "Resume plan {plan}, {act}?"),
    "console.order.resume.about": ("{n} er tilbage. Den er {why}", "{n} are left. It is {why}"),
    "console.order.resume.do": ("Genoptag {n}", "Resume {n}"),
    "console.order.cancel": ("Annuller plan {plan}, {act}?", "Cancel plan {plan}, {act}?"),
    "console.order.cancel.about": (
        "{n}, der ikke er begyndt, begynder aldrig. Det, der er sendt, følges til ende.",
        "{n} that have not begun never will. What was sent is followed to its outcome.",
    ),
    "console.order.cancel.do": ("Annuller {n}", "Cancel {n}"),
    "console.order.approve": ("Godkend plan {plan}: {act} {n}?", "Approve plan {plan}: {act} {n}?"),
    "console.order.approve.about": (
        "{who} har bedt om det. Se den igennem først: Enter på listen af planer.",
        "{who} has asked for it. Look through it first: Enter on the list of plans.",
    ),
    "console.order.approve.do": ("Godkend {n}", "Approve {n}"),
    "console.order.decline": ("Afvis plan {plan}: {act} {n}?", "Decline plan {plan}: {act} {n}?"),
    "console.order.decline.about": ("{who} får det at se, og intet sker.", "{who} will see it, and nothing happens."),
    "console.order.decline.do": ("Afvis {n}", "Decline {n}"),
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
