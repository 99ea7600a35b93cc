"""The API key: where the service finds it, who else may read it, and whether it looks like one. It is never shown."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Final

from daemon.keys.credentials import CREDENTIAL, VARIABLES, Secret, key_fault, refusal

from .finding import Finding, fine, note, to_do
from .machine import Machine, Node

AREA: Final = "key"
PLAIN: Final = f"/etc/vocative/{CREDENTIAL}"
ENCRYPTED: Final = f"/etc/vocative/{CREDENTIAL}.cred"
DROP_IN: Final = "/etc/systemd/system/vocative.service.d/key.conf"
_NEW: Final = "sudo vocative key, then sudo systemctl restart vocative"


class Place(Enum):
    """Where the service takes it from."""

    FILE = "live.api_key_file"
    ENCRYPTED = "the encrypted credential"
    PLAIN = "the plain credential"
    VARIABLE = "a variable of this shell"
    NOWHERE = "nowhere"
    TOKENS = "live.token_url"
    """There is no key: tokens stand in for it."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What there is in that place."""

    place: Place
    path: str = ""
    """Of the file, or the variable's name."""
    node: Node | None = None
    """Who may read it."""
    refused: str = ""
    """Why a file that the configuration names must not be used, as the end of a sentence."""
    key: Secret | None = None
    """None if it cannot be read, by this user or at all."""
    named: bool = True
    """Whether the unit is told of the encrypted file."""


def look(machine: Machine, *, api_key_file: str, token_url: str, token_credential_file: str) -> Facts:
    """Gather the facts, in the order in which the service looks."""
    if token_url:
        path = token_credential_file
        return Facts(Place.TOKENS, path, refused=refusal(machine.path(path)) if path else "")
    if api_key_file:
        node, refused = machine.node(api_key_file), refusal(machine.path(api_key_file))
        return Facts(Place.FILE, api_key_file, node, refused, _secret(machine.text(api_key_file)))
    if node := machine.node(ENCRYPTED):
        named = ENCRYPTED in (machine.text(DROP_IN) or "")
        text = machine.said("systemd-creds", "decrypt", f"--name={CREDENTIAL}", str(machine.path(ENCRYPTED)), "-")
        return Facts(Place.ENCRYPTED, ENCRYPTED, node, key=_secret(text), named=named)
    if node := machine.node(PLAIN):
        return Facts(Place.PLAIN, PLAIN, node, key=_secret(machine.text(PLAIN)))
    for variable in VARIABLES:
        if text := machine.environ.get(variable, ""):
            return Facts(Place.VARIABLE, variable, key=_secret(text))
    return Facts(Place.NOWHERE)


def findings(facts: Facts, *, as_root: bool, installed: bool, service_reads: bool) -> Iterator[Finding]:
    """Say what they mean.

    Args:
        facts: The facts.
        service_reads: Whether the service's user may read the file that the configuration names.
        as_root: Whether everything could be looked at.
        installed: Whether the unit is.
    """
    match facts.place:
        case Place.TOKENS:
            yield _tokens(facts)
        case Place.NOWHERE:
            remedy = f"Get a key at https://aistudio.google.com/apikey and run: {_NEW}"
            yield to_do(AREA, "there is no API key", remedy)
        case Place.VARIABLE if installed:
            yield to_do(AREA, f"the key is in {facts.path} of this shell, where the service does not see it", _NEW)
        case Place.FILE if facts.refused:
            what, _, remedy = facts.refused.partition("; ")
            yield to_do(AREA, f"live.api_key_file ({facts.path}) {what}", remedy or _NEW)
        case Place.FILE if installed and not service_reads:
            remedy = f"sudo chgrp vocative {facts.path} && sudo chmod 640 {facts.path}"
            yield to_do(AREA, f"the service's user may not read live.api_key_file ({facts.path})", remedy)
        case Place.ENCRYPTED if not facts.named:
            yield to_do(AREA, f"{facts.path} is there, and the unit is not told of it ({DROP_IN})", _NEW)
        case _:
            yield from _lying(facts, as_root=as_root)


def _lying(facts: Facts, *, as_root: bool) -> Iterator[Finding]:
    """Say what is to be said of a key in one place."""
    node = facts.node
    where = f"the key is in {facts.path}" + (" (encrypted)" if facts.place is Place.ENCRYPTED else "")
    secret_bits = {Place.PLAIN: 0o077, Place.FILE: 0o007}.get(facts.place, 0)
    if node is not None and node.mode & secret_bits:
        yield to_do(AREA, f"{where}, which others may read (mode {node.mode:04o})", f"sudo chmod 600 {facts.path}")
    elif node is not None:
        yield fine(AREA, f"{where}, mode {node.mode:04o}")
    else:
        yield fine(AREA, f"{where}, for `vocative run` by hand")
    if facts.key is not None:
        if fault := key_fault(facts.key.reveal()):
            yield to_do(AREA, f"what is there {fault}", _NEW)
        else:
            yield fine(AREA, "it looks like a key")
    elif not as_root:
        yield note(AREA, "only root can read it: what it looks like was not looked at", "Look again with sudo")
    elif facts.place is Place.ENCRYPTED:
        yield to_do(AREA, "it cannot be decrypted here: it was encrypted for another machine or system", _NEW)
    else:
        yield to_do(AREA, "it cannot be read", _NEW)


def _tokens(facts: Facts) -> Finding:
    if facts.refused:
        what, _, remedy = facts.refused.partition("; ")
        return to_do(AREA, f"live.token_credential_file ({facts.path}) {what}", remedy or "Make it anew")
    return fine(AREA, "no key is on this device: live.token_url gives tokens")


def _secret(text: str | None) -> Secret | None:
    return None if text is None else Secret(text)
