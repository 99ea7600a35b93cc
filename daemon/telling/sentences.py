"""What each event of the journal is in a plain sentence: the MESSAGE that its owner reads.

One table, from the event's name to a pattern (`wording.worded`) or to a function of the fields. Everything that is
told at level info or above stands in it. A sentence has no full stop at its end, and says nothing that the fields do
not.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from .wording import Value, has, one_line, value, worded

Fields: TypeAlias = Mapping[str, Value]


def sentence(event: str, fields: Fields) -> str | None:
    """Return what `event` with `fields` is in words, one printable line; None if there are no words for it."""
    wording = SENTENCES.get(event)
    if wording is None:
        return None
    return worded(wording, fields) if isinstance(wording, str) else wording(fields)


_BECAME: Final = {
    "answered": "Answered[ after {first_audio_ms}]",
    "interrupted": "Stopped in the answer[, which had begun after {first_audio_ms}]",
    "superseded": "Asked something else before an answer came",
    "unanswered": "No answer came",
    "empty": "Nothing was said",
    "cut": "The connection broke in the answer",
}
"""By `Outcome`."""

_DETAILS: Final = (
    "turn {turn_id}",
    "{begun_words}",
    "{listened_ms} asked",
    "{ending_words}",
    "{sounded_ms} spoken",
    "ran dry {underruns} times",
    "stuttered {stutters} times",
    "card ran dry {xruns} times",
    "{dropped_ms} of the question lost",
    "{total_tokens} tokens",
    "about {cost_estimate} {currency}",
)

_ONE_TIME: Final = re.compile(r"\b(dry|stuttered) 1 times")

_BEGUN: Final = {
    "voice": "begun by a voice",
    "barge_in": "begun by talking over the answer",
    "prompt": "unasked",
}
_ENDED: Final = {
    "too_long": "cut off as too long",
    "nothing_said": "no voice was heard",
    "too_short": "the press was too short",
    "muted": "muted in between",
    "microphone_lost": "the microphone was lost in between",
    "said_again": "said again after a cut",
}
"""What is worth saying of how a turn began and ended; the usual ways are not."""


def _turn_done(fields: Fields) -> str:
    words = {
        "begun_words": _BEGUN.get(str(fields.get("begun")), ""),
        "ending_words": _ENDED.get(str(fields.get("ending")), ""),
    }
    told = {name: held for name, held in fields.items() if held != 0 or name == "turn_id"} | words
    became = worded(_BECAME.get(str(fields.get("outcome")), "A turn is over"), fields)
    said = _ONE_TIME.sub(r"\1 once", _listed(_DETAILS, told))
    return f"{became} ({said})" if said else became


def _health(fields: Fields) -> str:
    power = {"power_words": "too little power" if fields.get("under_voltage") is True else ""}
    said = _listed(_HEALTH, dict(fields) | power)
    return f"Health: {said}" if said else "Health"


def _listed(patterns: tuple[str, ...], fields: Fields) -> str:
    """Return those of the patterns whose fields are there, with commas between them."""
    return ", ".join(filter(None, (worded(f"[{pattern}]", fields) for pattern in patterns)))


_HEALTH: Final = (
    "{temperature_c}",
    "{power_words}",
    "{memory_mib} of memory",
    "{cpu_percent} of a processor",
    "{wakeups_per_s} wake-ups a second",
)

_LEFT: Final = {
    "moving": "The service asked for a new connection; this one is left",
    "idle": "Hung up, because nobody has spoken for a while",
    "too_old": "Hung up: this conversation has lasted long enough, the next one begins anew",
    "renewed": "The configuration has changed; a new connection follows",
    "ended": "Hung up: the conversation was ended",
}
"""By `Parting`."""


def _tried_again(pattern: str) -> Callable[[Fields], str]:
    def words(fields: Fields) -> str:
        if fields.get("again_s") == 0:
            return worded(pattern.replace("[; trying again in {again_s}]", "; trying again at once"), fields)
        return worded(pattern, fields)

    return words


def _link_up(fields: Fields) -> str:
    first = "Connected again" if fields.get("resumed") is True else "Connected"
    again = "; saying now what was said meanwhile ({held_ms})"
    return worded(f"{first}[ after {{connect_ms}}][{again}]", fields)


def _tool_called(fields: Fields) -> str:
    name = value("name", fields["name"]) if has(fields, "name") else "a tool that there is not"
    match fields.get("status", "ok"):
        case "ok":
            became = f"Did {name}"
        case "timed_out":
            became = f"Gave up waiting for {name}"
        case "busy":
            became = f"Did not begin {name}, since too much was under way"
        case _:
            became = f"Could not do {name}"
    return became + worded("[ ({duration_ms})][: {arguments}][ gave {response}]", fields)


def _echo_mode(fields: Fields) -> str:
    if fields.get("mode") == fields.get("asked"):
        return worded("The echo is dealt with as configured[: {mode}]", fields)
    return worded("The echo is dealt with by {mode|another mode}[ instead of {asked}][: {reason}]", fields)


def _config_reloaded(fields: Fields) -> str:
    nothing = "Read the configuration again: nothing has changed"
    if not has(fields, "applied") and not has(fields, "needs_restart"):
        return nothing
    when = "in effect after this turn" if fields.get("waits") is True else "in effect"
    return worded(
        f"Read the configuration again[; {when}: {{applied}}][; only after a restart: {{needs_restart}}]", fields
    )


def _phrases_fetched(fields: Fields) -> str:
    told = {name: held for name, held in fields.items() if held != 0}
    return worded(
        "Fetched spoken phrases for times without a service[: {fetched} are kept][; {missing} are missing]", told
    )


def _heard_or_said(fields: Fields) -> str:
    who = "It said" if fields.get("speaker") == "device" else "You said"
    return worded(f"{who}[: {{text}}]", fields)


def _alarm(happened: str) -> Callable[[Fields], str]:
    def words(fields: Fields) -> str:
        kind = one_line(str(fields.get("kind", ""))) or "alarm"
        return happened.format(kind=f"{'An' if kind[0] in 'aeiou' else 'A'} {kind}")

    return words


SENTENCES: Final[Mapping[str, str | Callable[[Fields], str]]] = {
    "alarm.missed": _alarm("{kind} was missed; it is told of when somebody is there"),
    "alarm.rings": _alarm("{kind} rings"),
    "alarm.stopped": _alarm("{kind} was stopped"),
    "alarms.not_kept": "Timers and alarms cannot be written down and end with a restart[: {reason}]",
    "alarms.unusable": "The timers and alarms of before cannot be read[: {reason}]",
    "camera.failed": "The camera does not work; the conversation goes on without pictures[: {reason}]",
    "config.doubtful": "Is this meant?[ {reason}]",
    "config.refused": "The configuration is refused and the old one kept[: {place}][: {reason}]",
    "config.reloaded": _config_reloaded,
    "control.unavailable": "Commands such as vocative status do not work: no socket[ at {socket}][: {reason}]",
    "daemon.ready": "Ready",
    "daemon.stopped": "Stopped, as asked",
    "device.back": "The {part|part that was lost} works again[ after {outage_s}]",
    "device.health": _health,
    "device.hot": "It is too hot[: {temperature_c}][. {remedy}]",
    "device.lost": "Lost the {part|part that is meant}[: {reason}]",
    "device.missing": "A part is missing[: {part}][: {reason}]",
    "device.under_voltage": "The power supply is too weak[. {remedy}]",
    "echo.calibrated": "Measured in this room[: {reason}]",
    "echo.mode": _echo_mode,
    "key.missing": "No API key[: {remedy}]",
    "library.said": "{logger|A library} says[: {text}][ ({error})]",
    "limit.reached": "A limit is reached[ ({limit})][. {remedy}]",
    "link.failed": _tried_again("No connection[: {reason}][; trying again in {again_s}][. {remedy}]"),
    "link.go_away": "The service will close this connection[ in {time_left_s}]",
    "link.left": lambda fields: _LEFT.get(str(fields.get("reason")), "Hung up"),
    "link.lost": _tried_again("Lost the connection[: {reason}][; trying again in {again_s}][. {remedy}]"),
    "link.up": _link_up,
    "mcp.failed": "The tools of {server|a server} cannot be reached[: {reason}][; trying again in {again_s}]"
    "[. {remedy}]",
    "mcp.lost": "The tools of {server|a server} went away[: {reason}][; trying again in {again_s}]",
    "mcp.up": "The tools of {server|a server} are there[: {tools} of them][, after {connect_ms}]",
    "microphone.muted": "Muted[ by the {by}]: the microphone hears nothing",
    "microphone.overflow": "The microphone lost {lost_ms|a part} of what was said",
    "microphone.unmuted": "Not muted any more",
    "phrases.failed": "Not all spoken phrases could be fetched and kept[: {reason}]",
    "phrases.fetched": _phrases_fetched,
    "playback.chunk_dropped": "Left out a part of the answer[ to turn {turn_id}][: {reason}]",
    "playback.given_up": "The loudspeaker has been gone for too long for the answer[ to turn {turn_id}]",
    "speech.dropped": "No connection for so long that the beginning of what was said is given up[ (turn {turn_id})]",
    "state.not_kept": "What should survive a restart cannot be written[: {reason}]",
    "state.unusable": "What an earlier run left cannot be read[: {reason}]",
    "tool.answer_dropped": "{name|A tool} has ended after the conversation that wanted it[: {status}]",
    "tool.called": _tool_called,
    "tool.cancelled": "The service took {name|a tool} back[ after {duration_ms}]",
    "tool.failed": "{name|A tool} failed[: {error}][ in {place}]",
    "tool.refused": "A tool cannot be used[: {place}][: {reason}]",
    "transcript.not_kept": "The transcript cannot be written[: {reason}]",
    "turn.done": _turn_done,
    "turn.given_up": "A question will not be answered[ (turn {turn_id})]"
    "[: it was said {tries} times in vain][: it has waited for {waited_s}]",
    "turn.grounded": "The answer[ to turn {turn_id}] stands on a search[: {sources}]",
    "turn.transcript": _heard_or_said,
    "volume.set": "The volume was set[ to {percent}]",
}
