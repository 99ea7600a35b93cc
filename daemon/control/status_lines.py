"""What `vocative status` and `vocative watch` print for people, of what the control socket answered. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

_MUTED_BY: Final = {"owner": "muted, by command, voice or press", "switch": "muted, by the switch on the device"}


def status_lines(status: Mapping[str, Any]) -> Iterator[str]:
    """Yield the sentence, then what else its owner may want to know."""
    yield status["meaning"]
    for name, said in _rows(status):
        yield f"  {name:<12}{said}"


def _rows(status: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield "link", status["link"]
    wrong = {part: f"does not work: {why.removeprefix(f'{part}: ')}" for part, why in status.get("wrong", {}).items()}
    muted = "; ".join(_MUTED_BY[who] for who in status["muted_by"]) or "not muted"
    yield "microphone", wrong.pop("microphone", muted)
    for part, why in wrong.items():
        yield part.replace("_", " "), why
    yield "volume", f"{status['volume_percent']} %"
    yield "echo", status["echo"]
    limit = status["daily_tokens"]
    yield "tokens", f"{status['tokens_today']} today" + (f", of {limit}" if limit else "")
    yield "last turn", _last_turn(status["last_turn"])
    memory_mib = status["memory_mib"]
    yield "running", f"for {duration(status['uptime_s'])}" + (f", in {memory_mib:.0f} MiB" if memory_mib else "")


def _last_turn(turn: Mapping[str, Any] | None) -> str:
    if turn is None:
        return "none yet"
    first_audio_ms = turn.get("first_audio_ms")
    return str(turn["outcome"]) + ("" if first_audio_ms is None else f", first sound after {first_audio_ms:.0f} ms")


def duration(seconds: float) -> str:
    """Return so much time in its two largest units."""
    minutes, rest_s = divmod(round(seconds), 60)
    hours, rest_min = divmod(minutes, 60)
    days, rest_h = divmod(hours, 24)
    if days:
        return f"{days} d {rest_h} h"
    if hours:
        return f"{hours} h {rest_min} min"
    return f"{minutes} min {rest_s} s" if minutes else f"{rest_s} s"


def news_line(news: Mapping[str, Any]) -> str:
    """Return one piece of news in one line: the first one, which names no event, is the status."""
    return str(news["text"] if "text" in news else news["meaning"])
