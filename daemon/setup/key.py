"""The API key: typed unseen, and kept for the end."""

from __future__ import annotations

from ..keys.credentials import Secret, key_fault
from .walk import Walk


async def key(walk: Walk) -> None:
    """Settle the key, unless there is one that is to stay."""
    live = walk.config.live
    for name, value in (("token_url", live.token_url), ("api_key_file", live.api_key_file)):
        if value:
            walk.say(f"live.{name} is {value}, so no other key is needed.")
            return
    place = walk.bench.key()
    if place and await walk.agrees(f"There is a key in {place}. Is it to stay?"):
        return
    walk.say("A key for the Gemini API is made at https://aistudio.google.com/apikey.")
    while True:
        typed = await walk.terminal.line("API key (not shown; empty to do it later): ", hidden=True)
        if not typed.strip():
            walk.say("Later: sudo vocative key")
            return
        fault = key_fault(typed)
        if not fault:
            walk.key = Secret(typed.strip())
            return
        walk.say(f"That cannot be a key: it {fault}.")
