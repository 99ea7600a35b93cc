"""What happens to a device in one simulated conversation: drawn from a seed, all of it, before it begins.

Only the environment is drawn: people, the network, the service, the parts. The daemon's own order of things is not.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from random import Random

import numpy as np

from daemon.rehearsal.stand_in.answer import BURSTS, REAL_TIME, SLOW
from daemon.rehearsal.stand_in.conduct import Manners
from daemon.rehearsal.voices import question
from hardware.pcm import UP
from tests.scenario.mishaps import LONGEST_DELAY_S, mishaps, slide
from tests.scenario.plan import Happening, Plan
from tests.scenario.story import Story


def drawn(seed: int, seconds: float, *, faults_every_s: float = 6.0, rest_s: float = 0.0) -> Plan:
    """Draw the conversation of `seed`, about `seconds` long; the person rests for `rest_s` after each turn."""
    dice = Random(seed)
    mode = dice.choice(("hold", "tap", "hands_free"))
    part_ms = dice.choice(((40, 250), (1, 30), (300, 5000)))
    pacing = replace(
        dice.choice((BURSTS, BURSTS, REAL_TIME, SLOW)),
        part_ms=part_ms,
        think_s=dice.choice((0.2, 0.5, 1.5)),
        interrupt_s=dice.choice((0.0, 0.05, 0.3)),
    )
    happenings = [*_person(dice, mode, seconds, rest_s), *mishaps(dice, seconds, faults_every_s)]
    happenings += slide(Random(f"the mute switch of {seed}"), seconds)
    return Plan(
        seed,
        mode,
        seconds,
        pacing,
        Manners(connection_s=dice.choice((None, 30.0, 60.0)), go_away_s=10.0, ends_unheard_turns=dice.random() < 0.7),
        delay_s=dice.choice((0.002, 0.02, 0.08, LONGEST_DELAY_S)),
        config={
            "speaker": {"volume_percent": 100, "earcons": False},
            "turn": {
                "longest_s": dice.choice((5.0, 60.0)),
                "no_speech_s": dice.choice((2.0, 8.0)),
                "wake": dice.choice(("voice", "button")),
                "follow_up_s": dice.choice((0.0, 2.0, 8.0)),
                "barge_in": dice.choice(("voice", "voice", "button")),
            },
            "echo": {"mode": dice.choice(("off", "off", "half_duplex"))},
            "camera": {"driver": "simulated", "mode": dice.choice(("off", "off", "with_turn"))},
            "network": {"reply_timeout_s": dice.choice((3.0, 10.0))},
            "limits": {"turns_per_hour": 0, "daily_tokens": 0, "idle_hangup_s": dice.choice((0.0, 30.0))},
        },
        happenings=tuple(sorted(happenings, key=lambda each: each.at_s)),
    )


# --- the person ------------------------------------------------------------------------------------


def utterance(dice: Random, number: int, seconds: float) -> bytes:
    """Return real speech that is like no other: a piece of a recording, lifted by `number` steps."""
    speech = np.frombuffer(question(dice.choice((1, 2))), "<i2")
    size = UP.bytes_in(seconds) // 2
    start = dice.randrange(max(1, len(speech) - size))
    piece = speech[start : start + size].astype(np.int32) + 1 + number % 2000
    return np.clip(piece, -32768, 32767).astype("<i2").tobytes()


def _person(dice: Random, mode: str, seconds: float, rest_s: float) -> list[Happening]:
    """Somebody who presses at any time, speaks or does not, and does not wait for answers."""
    happenings: list[Happening] = []
    at_s = dice.uniform(0.0, 2.0)
    number = 0
    while at_s < seconds:
        length_s = dice.uniform(0.3, 2.0) if dice.random() < 0.8 else 0.0
        lead_s = dice.uniform(-0.3, 0.4)
        held_s = max(0.03, lead_s + length_s + dice.uniform(-0.2, 0.3)) if mode == "hold" else _tap_s(dice)
        if dice.random() < 0.15:
            happenings += _push(dice, at_s, 0.1)
            at_s += 0.1 + dice.uniform(0.04, 0.5)  # so soon that it doubles, or not
        if mode == "hands_free" and length_s and dice.random() < 0.5:
            held_s = 0.0  # a voice alone
        else:
            happenings += _push(dice, at_s, held_s)
        if length_s:
            number += 1
            pcm = utterance(dice, number, length_s)
            begins_s = max(0.0, at_s + lead_s)
            happenings.append(Happening(begins_s, f"speech {number}, {length_s:.2f} s", partial(_say, pcm=pcm)))
        at_s += max(held_s, lead_s + length_s)
        if mode != "hold" and dice.random() < 0.3:
            at_s += dice.uniform(0.0, 0.3)
            happenings += _push(dice, at_s, 0.1)
            at_s += 0.1
        at_s += rest_s + dice.choice((dice.uniform(0.05, 0.4), dice.uniform(0.4, 2.0), dice.uniform(2.0, 6.0)))
    return happenings


def _tap_s(dice: Random) -> float:
    """How long a tap takes; now and then it is a long press."""
    return dice.uniform(0.03, 0.3) if dice.random() < 0.92 else dice.uniform(0.9, 1.5)


def _push(dice: Random, at_s: float, held_s: float) -> list[Happening]:
    down, up = Happening(at_s, "press", Story.press), Happening(at_s + held_s, "release", Story.release)
    if dice.random() < 0.8:
        return [down, up]
    return [down, Happening(at_s + 0.0005, "it bounces", lambda s: s.board.push_button.bounce()), up]


def _say(s: Story, *, pcm: bytes) -> None:
    s.board.mic.say(pcm)
