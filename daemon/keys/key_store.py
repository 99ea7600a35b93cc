"""Where the service's API key lies: a systemd credential, encrypted if systemd can, and a drop-in that names it.

Three files, of which the plain key is there without the other two, or they without it:

    /etc/vocative/gemini-api-key                       the key itself, for root alone; vocative.service names it
    /etc/vocative/gemini-api-key.cred                  the key as `systemd-creds encrypt` made it, for this machine
    /etc/systemd/system/vocative.service.d/key.conf    has the service take that one

What is new is in place before what is old goes, so there is a key at every moment.
"""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from daemon.keys.credentials import CREDENTIAL, Secret
from daemon.new_file import put, unfinished
from daemon.program import run

_PLAIN: Final = Path("etc/vocative", CREDENTIAL)
_ENCRYPTED: Final = Path("etc/vocative", f"{CREDENTIAL}.cred")
_DROP_IN: Final = Path("etc/systemd/system/vocative.service.d/key.conf")
_DROP_IN_TEXT: Final = f"""\
# Written by `vocative key`: the API key, encrypted for this machine, in the place of the plain file.
[Service]
LoadCredentialEncrypted={CREDENTIAL}:/{_ENCRYPTED}
"""
_SYSTEMD_RUNS: Final = Path("run/systemd/system")
"""It is there if and only if systemd is process 1 (sd_booted(3))."""


@dataclass(frozen=True, slots=True)
class Stored:
    """Where a key lies now."""

    path: Path
    encrypted: bool
    why_plain: str
    """Why it is not encrypted, as the end of a sentence; empty if it is, or was not meant to be."""


def store(key: Secret, *, plain: bool = False, root: Path = Path("/")) -> Stored:
    """Put `key` in the place of what the service had, encrypted unless `plain` or unless systemd-creds cannot.

    Takes up to a minute; call it as root.

    Args:
        key: Tested already (`daemon.keys.credentials.key_fault`).
        plain: Whether it is to lie in the plain file in any case.
        root: The system's root folder.

    Raises:
        OSError: It cannot be written; the old key still counts.
    """
    text = key.reveal().encode()
    encrypted, why_plain = (None, "") if plain else _encrypted(text)
    (root / _PLAIN).parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    if encrypted is None:
        put(root / _PLAIN, text + b"\n", 0o600)
        _without(root, _DROP_IN, _ENCRYPTED)
        return Stored(root / _PLAIN, encrypted=False, why_plain=why_plain)
    put(root / _ENCRYPTED, encrypted, 0o600)
    (root / _DROP_IN).parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    put(root / _DROP_IN, _DROP_IN_TEXT.encode(), 0o644)
    _without(root, _PLAIN)
    return Stored(root / _ENCRYPTED, encrypted=True, why_plain="")


def remove(root: Path = Path("/")) -> bool:
    """Take the service's key away; return whether there was one.

    Raises:
        OSError: A file cannot be removed.
    """
    return _without(root, _DROP_IN, _ENCRYPTED, _PLAIN)


def stored(root: Path = Path("/")) -> Path | None:
    """Return the file that the service takes its key from; None if there is none."""
    present = (root / place for place in (_ENCRYPTED, _PLAIN) if (root / place).exists())
    return next(present, None)


def told_systemd(root: Path = Path("/")) -> bool:
    """Have systemd read its units again, if it runs; return whether it does, and did."""
    if not (root / _SYSTEMD_RUNS).is_dir():
        return False
    try:
        run("systemctl", "daemon-reload")
    except (OSError, subprocess.SubprocessError):
        return False
    return True


def _encrypted(text: bytes) -> tuple[bytes | None, str]:
    """Return `text` as systemd-creds encrypts it for this machine; or None and why it cannot.

    Without a TPM it uses the machine's key in /var/lib/systemd/credential.secret, and makes that if it is not there.
    That it can be read back is tried: a service whose credential cannot be read does not start.
    """
    try:
        encrypted = run("systemd-creds", "encrypt", f"--name={CREDENTIAL}", "-", "-", given=text)
        back = run("systemd-creds", "decrypt", f"--name={CREDENTIAL}", "--newline=no", "-", "-", given=encrypted)
    except FileNotFoundError:
        return None, "systemd-creds is not there (systemd 250 and newer have it)"
    except (OSError, subprocess.SubprocessError) as error:
        # Not its words: nobody can promise that they do not quote what it was given.
        status = getattr(error, "returncode", None)
        return None, f"systemd-creds failed ({f'status {status}' if status else type(error).__name__})"
    return (encrypted, "") if back == text else (None, "systemd-creds did not give back what it was given")


def _without(root: Path, *places: Path) -> bool:
    """Remove those of `places` that are there, and what was broken off while it was written; return whether any was."""
    paths = [root / place for place in places]
    present = [path for path in (*paths, *map(unfinished, paths)) if path.exists()]
    for path in present:
        path.unlink()
    return bool(present)
