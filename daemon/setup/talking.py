"""How one talks to it, the voice and the language: what is heard only in a conversation, so nothing is tried here."""

from __future__ import annotations

from typing import Final

from ..config.live_section import DEFAULT_INSTRUCTION
from ..live.models import VOICES
from .walk import Walk

_MODES: Final = (
    ("hold", "hold: hold the button while you speak"),
    ("tap", "tap: press once, and speak; silence ends it, or a second press"),
    ("hands_free", "hands free: just speak"),
)
_ALWAYS: Final = " Always answer in {}."


async def talking(walk: Walk) -> None:
    """Settle `turn.mode`, `live.voice`, and the language in `live.system_instruction`."""
    modes = [mode for mode, _ in _MODES]
    default = modes.index(walk.config.turn.mode)
    walk.put(
        turn__mode=modes[await walk.ask("How do you want to talk to it?", *(w for _, w in _MODES), default=default)]
    )
    walk.put(live__voice=await _voice(walk))
    if walk.config.live.system_instruction != DEFAULT_INSTRUCTION:
        walk.say("Who it is and how it answers is in live.system_instruction already, and stays.")
        return
    language = await walk.terminal.line("Which language is it to answer in? (empty: the one it is spoken to in) ")
    if language.strip():
        walk.put(live__system_instruction=DEFAULT_INSTRUCTION + _ALWAYS.format(language.strip().rstrip(".")))


async def _voice(walk: Walk) -> str:
    voice = walk.config.live.voice
    walk.say(f"The voices are {', '.join(sorted(VOICES))}.")
    while True:
        typed = (await walk.terminal.line(f"Which voice? [{voice or 'left to the service'}]: ")).strip()
        fitting = [name for name in VOICES if name.lower() == typed.lower()]
        if fitting or not typed:
            return fitting[0] if fitting else voice
        walk.say("There is none of that name.")
