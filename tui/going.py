"""Which class shows which screen: the one place that knows all of them, so that they need not know each other."""

from collections.abc import Callable, Mapping

from tui import actions
from tui.screens.audit import AuditScreen
from tui.screens.base import ConsoleScreen
from tui.screens.connection import ConnectionScreen
from tui.screens.event import EventScreen
from tui.screens.fleet import FleetScreen
from tui.screens.forecast import ForecastScreen
from tui.screens.handover import HandoverScreen
from tui.screens.help import HelpScreen
from tui.screens.incidents import IncidentsScreen
from tui.screens.messages import MessagesScreen
from tui.screens.plan import PlanScreen
from tui.screens.plans import PlansScreen
from tui.screens.postings import PostingsScreen
from tui.screens.triage import TriageScreen
from tui.screens.why import WhyScreen

SCREENS: Mapping[str, Callable[..., ConsoleScreen]] = {
    actions.FLEET: FleetScreen,
    actions.CONNECTION: ConnectionScreen,
    actions.TRIAGE: TriageScreen,
    actions.POSTINGS: PostingsScreen,
    actions.INCIDENTS: IncidentsScreen,
    actions.FORECAST: ForecastScreen,
    actions.WHY: WhyScreen,
    actions.PLANS: PlansScreen,
    actions.PLAN: PlanScreen,
    actions.HANDOVER: HandoverScreen,
    actions.AUDIT: AuditScreen,
    actions.EVENT: EventScreen,
    actions.MESSAGES: MessagesScreen,
    actions.HELP: HelpScreen,
}
"""A scope and what makes its screen; what it is about goes with it (`ConsoleScreen.go`)."""
