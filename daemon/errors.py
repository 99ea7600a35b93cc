"""The house's own errors, and the exit status each means to systemd and to a shell.

The parts' errors (`DeviceMissing`, `DeviceLost`) live with the parts, in `hardware.interfaces`.
"""

from __future__ import annotations

from enum import Enum, IntEnum
from typing import Final


class ExitStatus(IntEnum):
    """What the process leaves behind (sysexits.h names the two that are not 0 or 1)."""

    ASKED_TO_STOP = 0
    BUG = 1
    HARDWARE_GONE = 69
    CONFIGURATION = 78


class VocativeError(Exception):
    """The root of everything that the daemon raises on purpose."""


class ConfigurationError(VocativeError):
    """The configuration is refused. `faults` holds every fault found, each a complete sentence for the owner."""

    def __init__(self, faults: tuple[str, ...]) -> None:
        super().__init__("\n".join(faults))
        self.faults: Final = faults


class LinkError(VocativeError):
    """The link to the Live API failed. What to do next is for `live.resume` to say, not for who catches it.

    Attributes:
        close_code: The WebSocket close code (RFC 6455); 1006 where there was none; None before the upgrade.
        http_status: The status of a refused upgrade; None otherwise.
        reason: The server's words, at most 123 bytes for a close frame. Never holds the user's or the model's words.
    """

    def __init__(self, reason: str, *, close_code: int | None = None, http_status: int | None = None) -> None:
        super().__init__(reason)
        self.reason: Final = reason
        self.close_code: Final = close_code
        self.http_status: Final = http_status

    def __str__(self) -> str:
        if self.http_status is not None:
            return f"HTTP {self.http_status} {self.reason}".strip()
        if self.close_code is not None:
            return f"close {self.close_code} {self.reason}".strip()
        return self.reason


class Deadline(Enum):
    """Which of our own deadlines passed."""

    CONNECT = "connect"
    """TCP, TLS and the upgrade."""
    SETUP = "setup"
    """From the upgrade to setupComplete, for which the SDK has no limit (live-api.md 0.6)."""
    SEND = "send"
    REPLY = "reply"
    """Something was owed by the service and nothing at all came."""


class LinkTimeout(LinkError):
    """One of our own deadlines passed: connecting, setting up, sending, or waiting for what the server owed.

    Attributes:
        deadline: Which one. `close_code` follows from it: None for `CONNECT`, 1006 for the others.
    """

    def __init__(self, reason: str, *, deadline: Deadline) -> None:
        super().__init__(reason, close_code=None if deadline is Deadline.CONNECT else 1006)
        self.deadline: Final = deadline
