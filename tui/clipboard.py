"""Copying over SSH: the terminal at the operator's end puts the text into his clipboard (OSC 52)."""

from base64 import b64encode
from collections.abc import Mapping

MOST = 56_000
"""Bytes of text that are copied at most: terminals cut or drop longer sequences (75,000 characters of base64)."""

SCREEN_PIECE = 252
"""Characters that GNU screen passes through in one piece; older ones drop what is longer than 256."""


def sequence(text: str, environ: Mapping[str, str]) -> str:
    """What makes this terminal copy `text`, wrapped for the multiplexer it stands in. ValueError: it is too long.

    tmux gets it twice, once for itself (`set-clipboard on`) and once to pass on (`allow-passthrough on`): which of
    the two is allowed is the operator's setting, and both copy the same.
    """
    raw = text.encode(errors="replace")
    if len(raw) > MOST:
        raise ValueError(len(raw))
    plain = f"\x1b]52;c;{b64encode(raw).decode('ascii')}\a"
    if environ.get("TMUX"):
        return f"{plain}\x1bPtmux;{plain.replace(chr(27), chr(27) * 2)}\x1b\\"
    if environ.get("STY") or environ.get("TERM", "").startswith("screen"):
        pieces = (plain[at : at + SCREEN_PIECE] for at in range(0, len(plain), SCREEN_PIECE))
        return "".join(f"\x1bP{piece}\x1b\\" for piece in pieces)
    return plain
