"""What a console is given to work with: where it reads, through what it acts, whose time it has, how it speaks."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

from backend.config import Settings
from backend.model.audit import AuditReport
from backend.model.clock import Clock
from backend.model.views import AgentStatus
from backend.ports import FleetReader
from backend.texts import Say

if TYPE_CHECKING:
    from backend.operations import Operations


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Everything a console needs. `monotonic` gives seconds on the time base of key events.

    `crash_dir` is where a crash file goes (None: the platform's state directory). `as_of` is the past moment that the
    reader shows (None: the present); then nothing can be done, and the screens say so. `warnings` are what is
    doubtful about the configuration, in words.
    """

    reader: FleetReader
    operations: "Operations"
    clock: Clock
    settings: Settings
    say: Say
    operator: str
    agent_status: Callable[[], AgentStatus | None]
    verify_audit: Callable[[], AuditReport]
    crash_dir: Path | None = None
    as_of: datetime | None = None
    warnings: tuple[str, ...] = ()
    monotonic: Callable[[], float] = field(default=monotonic)
