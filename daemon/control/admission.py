"""Who may speak to the control socket: root, the daemon's own user, and the members of one group.

The socket's file mode is the first fence. This is the second one, for a socket that was handed on, or a file whose mode
somebody has opened: the kernel says who is at the other end (unix(7), SO_PEERCRED and SO_PEERGROUPS).
"""

from __future__ import annotations

import array
import grp
import os
import socket
import struct
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

GROUP: Final = "vocative"
REMEDY: Final = f'sudo usermod -aG {GROUP} "$USER", then log in again'
"""What somebody does who wants to be let in; the shell puts the own name there."""

_SO_PEERGROUPS: Final = 59
"""Not in Python's `socket`; the same on all that a Pi or a PC is (asm-generic/socket.h)."""
_CREDENTIALS: Final = struct.Struct("=iII")
"""pid, uid, gid: `struct ucred`."""
_GROUPS_BYTES: Final = 1024
"""256 groups: as much as Python's getsockopt takes."""


class Connected(Protocol):
    """A connected socket: asyncio shows no more of one than this."""

    def getsockopt(self, level: int, optname: int, buflen: int, /) -> bytes:
        """Return an option of the socket."""
        ...


@dataclass(frozen=True, slots=True)
class Peer:
    """Whoever was at the other end when it connected."""

    uid: int
    gids: frozenset[int]


@dataclass(frozen=True, slots=True)
class Admission:
    """Who is let in."""

    uid: int
    """The daemon's own user."""
    gid: int | None
    """The group whose members are let in; None for none."""

    def lets_in(self, peer: Peer) -> bool:
        """Return whether `peer` may ask for anything."""
        return peer.uid in {0, self.uid} or self.gid in peer.gids


def guarded(path: Path) -> Admission:
    """Set the mode of our own socket at `path`, and return who is let in.

    0660 for the group `vocative`, where there is one that this process can give the socket to; else 0600.
    """
    gid: int | None
    try:
        gid = grp.getgrnam(GROUP).gr_gid
        os.chown(path, -1, gid)
    except (KeyError, PermissionError):
        gid = None
    path.chmod(0o600 if gid is None else 0o660)
    return Admission(os.geteuid(), gid)


def peer_of(connected: Connected) -> Peer:
    """Return who is at the other end."""
    _, uid, gid = _CREDENTIALS.unpack(connected.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size))
    gids = array.array("I")
    with suppress(OSError):  # in more groups than fit: then its first one counts
        gids.frombytes(connected.getsockopt(socket.SOL_SOCKET, _SO_PEERGROUPS, _GROUPS_BYTES))
    return Peer(uid, frozenset((gid, *gids)))
