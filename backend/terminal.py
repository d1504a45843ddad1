"""From which terminal this process is used, for the lines of the audit log that a person causes."""

import contextlib
import os
from collections.abc import Mapping

from backend.model.text import clean


def whereabouts(env: Mapping[str, str]) -> str:
    """`pts/3 from 10.0.0.5`: the terminal, and the SSH client where the session has one; empty when neither is known.

    Inside tmux or screen the client is the one that the session began with.
    """
    client = (env.get("SSH_CONNECTION") or env.get("SSH_CLIENT") or "").split(" ")[0]
    parts = (_terminal(), f"from {clean(client, 60)}" if client else "")
    return " ".join(part for part in parts if part)


def _terminal() -> str:
    for stream in (0, 1, 2):
        with contextlib.suppress(OSError):
            return clean(os.ttyname(stream).removeprefix("/dev/"), 60)
    return ""
