"""The user that the service runs as, its groups, and what they let it do with the devices."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from .finding import Finding, fine, note, to_do
from .machine import Machine, Node

AREA: Final = "permissions"


@dataclass(frozen=True, slots=True)
class Need:
    """A part that needs devices."""

    part: str
    group: str
    """To which the devices belong on Raspberry Pi OS and Debian."""
    nodes: tuple[Node, ...]
    """Those that there are now."""


@dataclass(frozen=True, slots=True)
class Facts:
    """The user and what it needs."""

    user: str
    uid: int | None
    """None: there is no such user."""
    gids: frozenset[int]
    """Its own group and all that it is a member of."""
    groups: frozenset[str]
    """The same by name, as far as they have one."""
    needs: tuple[Need, ...]
    installed: bool
    """Whether the unit is."""


def needs(machine: Machine, *, sound: bool, pins: bool, spi: bool, camera: bool) -> tuple[Need, ...]:
    """Return what the configured parts need of the machine."""
    wanted = (
        (sound, "sound", "audio", ("/dev/snd/pcm*", "/dev/snd/control*")),
        (pins, "button", "gpio", ("/dev/gpiochip*",)),
        (spi, "ring", "spi", ("/dev/spidev*",)),
        (camera, "camera", "video", ("/dev/video*", "/dev/media*", "/dev/dma_heap/*")),
    )
    return tuple(
        Need(part, group, tuple(node for one in paths for name in machine.names(one) if (node := machine.node(name))))
        for needed, part, group, paths in wanted
        if needed
    )


def look(machine: Machine, user: str, needed: tuple[Need, ...], *, installed: bool) -> Facts:
    """Gather the facts about `user`, from /etc/passwd and /etc/group."""
    uid, gids, groups = None, set(), set()
    for line in (machine.text("/etc/passwd") or "").splitlines():
        fields = line.split(":")
        if fields[0] == user and len(fields) > 3:
            uid = int(fields[2])
            gids.add(int(fields[3]))
    for line in (machine.text("/etc/group") or "").splitlines():
        name, _, rest = line.partition(":")
        fields = rest.split(":")
        if len(fields) > 2 and (user in fields[2].split(",") or int(fields[1]) in gids):
            gids.add(int(fields[1]))
            groups.add(name)
    return Facts(user, uid, frozenset(gids), frozenset(groups), needed, installed)


def findings(facts: Facts) -> Iterator[Finding]:
    """Say what they mean."""
    if facts.uid is None:
        if facts.installed:
            yield to_do(
                AREA, f"the service's user {facts.user} does not exist", "Make it again with: sudo systemd-sysusers"
            )
        else:
            yield note(AREA, f"there is no user {facts.user}: the service is not installed on this machine")
        return
    lacking = sorted({need.group for need in facts.needs} - facts.groups)
    if not lacking:
        yield fine(AREA, f"user {facts.user}, in the groups {', '.join(sorted(facts.groups))}")
    for group in lacking:
        part = next(need.part for need in facts.needs if need.group == group)
        remedy = f"sudo usermod -aG {group} {facts.user}, then sudo systemctl restart vocative"
        yield to_do(AREA, f"user {facts.user} is not in the group {group}, which the {part} needs", remedy)
    # Where the group is lacking, that has been said.
    usual = [need for need in facts.needs if need.nodes and need.group not in lacking]
    shut = {need.part: [node for node in need.nodes if not usable(node, facts.uid, facts.gids)] for need in usual}
    for part, nodes in shut.items():
        if nodes:
            yield _shut(facts, part, nodes)
    free = [part for part, nodes in shut.items() if not nodes]
    if free:
        yield fine(AREA, f"it may use the devices of: {', '.join(free)}")


def _shut(facts: Facts, part: str, nodes: list[Node]) -> Finding:
    names = ", ".join(node.path for node in nodes[:3]) + (" and others" if len(nodes) > 3 else "")
    what = f"the devices of {part} are closed to user {facts.user}: {names} (mode {nodes[0].mode:04o})"
    return to_do(AREA, what, "sudo udevadm trigger; if that changes nothing, install vocative again for its udev rules")


def shut_file(area: str, facts: Facts, node: Node | None) -> Iterator[Finding]:
    """Say so if the service may not read a file of its owner's that it needs."""
    if facts.uid is not None and node is not None and not readable(node, facts.uid, facts.gids):
        yield to_do(
            area,
            f"the service's user {facts.user} may not read {node.path} (mode {node.mode:04o})",
            f"sudo chgrp {facts.user} {node.path} && sudo chmod 640 {node.path}",
        )


def usable(node: Node, uid: int | None, gids: frozenset[int]) -> bool:
    """Return whether a user may read and write a device."""
    return _bits(node, uid, gids) & 0o6 == 0o6


def readable(node: Node, uid: int | None, gids: frozenset[int]) -> bool:
    """Return whether a user may read a file."""
    return _bits(node, uid, gids) & 0o4 == 0o4


def _bits(node: Node, uid: int | None, gids: frozenset[int]) -> int:
    """Return what a user may do, as the last digit of a mode: the first class that fits counts, as in the kernel."""
    if uid == 0:
        return 0o7
    if node.uid == uid:
        return node.mode >> 6 & 0o7
    return node.mode >> 3 & 0o7 if node.gid in gids else node.mode & 0o7
