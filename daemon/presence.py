"""Notices at once that a network has come (back), so that no back-off is sat out for nothing.

Linux tells every change of interfaces, addresses and routes on a netlink socket (rtnetlink(7)), to any user and at no
cost while nothing changes. Elsewhere there is no such signal, and the back-off's own pauses have to do.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable
from typing import Final

RTM_NEWLINK: Final = 16
RTM_NEWADDR: Final = 20
RTM_NEWROUTE: Final = 24
GROUPS: Final = 0x1 | 0x10 | 0x40 | 0x100 | 0x400
"""RTMGRP_LINK, _IPV4_IFADDR, _IPV4_ROUTE, _IPV6_IFADDR, _IPV6_ROUTE (linux/rtnetlink.h)."""
HEADER: Final = struct.Struct("=IHHII")
"""nlmsghdr: length, type, flags, sequence, port."""
INTERFACE: Final = struct.Struct("=BBHiII")
"""ifinfomsg: family, padding, type, index, flags, changed flags."""
IFF_RUNNING: Final = 0x40
READ_BYTES: Final = 65536


class Networks:
    """Reads what the kernel tells. An interface whose cable was out keeps its addresses: that it runs again is news."""

    def __init__(self) -> None:
        self._running: set[int] = set()
        """The interfaces that were running when they were last told of. Wi-Fi ones are told of at every scan."""

    def announced(self, messages: bytes) -> bool:
        """Return whether one of the netlink messages says that there is a new address or route, or a way to one."""
        at, announced = 0, False
        while at + HEADER.size <= len(messages):
            length, kind, *_ = HEADER.unpack_from(messages, at)
            if length < HEADER.size:
                break
            announced |= kind in {RTM_NEWADDR, RTM_NEWROUTE} or (
                kind == RTM_NEWLINK and self._runs_again(messages[at + HEADER.size : at + length])
            )
            at += (length + 3) & ~3
        return announced

    def _runs_again(self, body: bytes) -> bool:
        if len(body) < INTERFACE.size:
            return False
        *_, index, flags, _ = INTERFACE.unpack_from(body)
        before, runs = index in self._running, bool(flags & IFF_RUNNING)
        (self._running.add if runs else self._running.discard)(index)
        return runs and not before


async def watch(on_network: Callable[[], None]) -> None:
    """Call `on_network` whenever an address, a route or a carrier appears, until cancelled.

    Returns at once where nothing tells. Several calls may come for one event; `on_network` is called on the loop and
    must not wait.
    """
    if not hasattr(socket, "AF_NETLINK"):
        return
    loop = asyncio.get_running_loop()
    try:
        netlink = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_NONBLOCK, socket.NETLINK_ROUTE)
    except OSError:  # a sandbox without netlink
        return
    networks = Networks()
    with netlink:
        netlink.bind((0, GROUPS))

        def read() -> None:
            try:
                messages = netlink.recv(READ_BYTES)
            except OSError:  # more changes than the kernel kept for us (ENOBUFS): something did change
                on_network()
                return
            if networks.announced(messages):
                on_network()

        loop.add_reader(netlink, read)
        try:
            await loop.create_future()
        finally:
            loop.remove_reader(netlink)
