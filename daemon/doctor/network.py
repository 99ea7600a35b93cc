"""The network: what can be seen of it from inside, and with `--online` whether the service can be reached."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from .finding import Finding, fine, note, to_do
from .machine import Machine

AREA: Final = "network"
GOOGLE: Final = "generativelanguage.googleapis.com"
"""Where the Live API is unless `live.base_url` says otherwise (live-api.md 1.1)."""
_WEAK_DBM: Final = -75
_PORTAL: Final = "If this network has a sign-in page, sign in; if the service is your own, name its CA in live.ca_file"


@dataclass(frozen=True, slots=True)
class Facts:
    """What this machine knows without asking anybody."""

    routed: bool
    """Whether there is a way out: a default route."""
    resolvers: tuple[str, ...]
    signal_dbm: int | None
    """Of the Wi-Fi; None without one."""


@dataclass(frozen=True, slots=True)
class Reach:
    """How far a connection to the service came."""

    host: str
    port: int
    proxied: bool = False
    """A proxy is named in the environment, so that a direct connection says nothing."""
    addresses: tuple[str, ...] = ()
    dns: str = ""
    """Why there is no address; empty if there is one."""
    tcp: str = ""
    """Why there is no connection; empty if there is one."""
    tls: str = ""
    """Why the service is not trusted; empty if it is."""
    took_ms: float = 0.0
    """All of it."""


def place(base_url: str) -> tuple[str, int]:
    """Return the host and port of the service."""
    url = urlsplit(base_url or f"https://{GOOGLE}")
    return url.hostname or GOOGLE, url.port or (80 if url.scheme in {"http", "ws"} else 443)


def look(machine: Machine, signal_dbm: int | None) -> Facts:
    """Gather what is known without asking anybody."""
    routes = [line.split() for line in (machine.text("/proc/net/route") or "").splitlines()[1:]]
    routes_6 = [line.split() for line in (machine.text("/proc/net/ipv6_route") or "").splitlines()]
    routed = any(len(route) > 7 and route[1] == "00000000" and route[7] == "00000000" for route in routes)
    routed_6 = any(
        len(route) > 9 and route[0] == "0" * 32 and route[1] == "00" and route[9] != "lo" for route in routes_6
    )
    resolvers = [line.split() for line in (machine.text("/etc/resolv.conf") or "").splitlines()]
    return Facts(
        routed=routed or routed_6,
        resolvers=tuple(words[1] for words in resolvers if len(words) > 1 and words[0] == "nameserver"),
        signal_dbm=signal_dbm,
    )


def findings(facts: Facts, *, online: bool) -> Iterator[Finding]:
    """Say what is known from inside; without `online` also that nothing more was tried."""
    if not facts.routed:
        yield to_do(AREA, "there is no way out of this machine", "Connect it: a cable, or nmtui for Wi-Fi")
    elif not facts.resolvers:
        yield to_do(AREA, "no name server is known", "Connect it anew: sudo systemctl restart NetworkManager")
    else:
        yield fine(AREA, f"connected, names are asked of {', '.join(facts.resolvers)}")
    if facts.signal_dbm is not None and facts.signal_dbm < _WEAK_DBM:
        yield note(AREA, f"the Wi-Fi is weak here: {facts.signal_dbm} dBm", "Move it, or the access point, closer")
    elif facts.signal_dbm is not None:
        yield fine(AREA, f"Wi-Fi at {facts.signal_dbm} dBm")
    if not online:
        yield note(AREA, "the service was not asked", "vocative doctor --online tries it once")


def reached(reach: Reach) -> Iterator[Finding]:
    """Say how far a connection to the service came."""
    where = f"{reach.host}:{reach.port}"
    if reach.proxied:
        yield note(AREA, f"a proxy is named in the environment: {where} was not tried directly")
    elif reach.dns:
        yield to_do(AREA, f"the name {reach.host} is not found: {reach.dns}", "Check the network's name server")
    elif reach.tcp:
        yield to_do(
            AREA, f"{where} cannot be reached: {reach.tcp}", "Check the network, and that it lets this port out"
        )
    elif reach.tls:
        yield to_do(AREA, f"{where} is not trusted: {reach.tls}", _distrusted(reach.tls))
    else:
        yield fine(AREA, f"{where} is reached and trusted, in {reach.took_ms:.0f} ms")


def _distrusted(why: str) -> str:
    """Return what to do about a certificate, by OpenSSL's words."""
    if "expired" in why or "not yet valid" in why:
        return "Set the clock: sudo timedatectl set-ntp true"
    if "certificate file" in why:
        return "Correct live.ca_file"
    return _PORTAL
