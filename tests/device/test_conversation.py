"""A press, a question and its answer, on every side of the device at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from daemon.rehearsal import voices
from hardware.pcm import UP
from tests.device.heard import gaps, likeness, places
from tests.device.lab import Entry, Lab

pytestmark = [pytest.mark.device, pytest.mark.timeout(300)]

Measured = Callable[[str, object], None]

PIXELS = 12
ANSWER_S = 9.4
TRIES = 3
"""Sound is in real time, and the host may have other things to do; the device's own journal says whether it had."""


@dataclass(frozen=True, slots=True)
class Conversation:
    """One turn, as everybody saw it."""

    heard: bytes
    """What the loudspeaker played."""
    transfers: tuple[tuple[int, bytes], ...]
    """What went over SPI, and which process sent it."""
    pid: int
    journal: tuple[Entry, ...]
    turn: Mapping[str, Any]
    """What the service knows of it."""

    @property
    def done(self) -> Entry:
        return next(entry for entry in self.journal if entry.get("EVENT") == "turn.done")

    @property
    def disturbed(self) -> bool:
        """Whether the host kept the device from its sound."""
        overflowed = any(entry.get("EVENT") == "microphone.overflow" for entry in self.journal)
        return overflowed or int(self.done["UNDERRUNS"]) > 0


def held(device: Lab) -> Conversation:
    """Have one, from the press to the end of the answer."""
    after = device.cursor()
    with device.listening() as heard, device.watching_ring() as seen:
        device.ask(1)
        device.event(after, "turn.done", within_s=60)
        device.run("sleep 0.5")
        turn = device.turns()[-1]
        return Conversation(heard(), tuple(seen()), device.pid, tuple(device.journal(after)), turn)


@pytest.fixture(scope="module")
def conversation(device: Lab) -> Conversation:
    device.until(lambda: device.status().get("link") == "up", "the link is up")
    for _ in range(TRIES):
        had = held(device)
        if not had.disturbed:
            break
    return had


def test_what_was_said_arrives_sample_for_sample(conversation: Conversation, record_property: Measured) -> None:
    question = voices.question(1)
    found = places(question, conversation.turn["digests"])
    spoken = [place for place in found if place is not None]
    assert list(gaps(found)) == []
    assert spoken[0] < UP.frame_bytes // 2
    assert len(question) // 2 - spoken[-1] < UP.frame_bytes
    record_property("frames of the question", f"{len(spoken)} of {len(question) // UP.frame_bytes}, in order, once")


def test_the_answer_sounds(conversation: Conversation, record_property: Measured) -> None:
    alike = likeness(conversation.heard, voices.answer())
    record_property("likeness of what sounded", f"{alike:.3f}")
    record_property("press to first sound", f"{conversation.done['FIRST_AUDIO_MS']} ms after the release")
    assert alike > 0.98


def test_the_ring_is_cyan_while_it_listens_and_dark_at_the_end(
    conversation: Conversation, record_property: Measured
) -> None:
    assert {process for process, _ in conversation.transfers} == {conversation.pid}
    pictures = [pixels(sent) for _, sent in conversation.transfers]
    cyan = [picture for picture in pictures if any(is_cyan(pixel) for pixel in picture)]
    assert cyan
    assert all(pixel == (0, 0, 0) for pixel in pictures[-1])
    record_property("pictures over SPI", f"{len(pictures)}, {len(cyan)} of them cyan")


def test_the_journal_tells_the_turn_in_fields(conversation: Conversation, device: Lab) -> None:
    done = conversation.done
    assert done["_SYSTEMD_UNIT"] == "vocative.service"
    assert int(done["_PID"]) == conversation.pid
    assert done["PRIORITY"] == "6"
    assert done["OUTCOME"] == "answered"
    assert done["BEGUN"] == "button"
    assert done["SESSION_ID"]
    assert int(done["TURN_ID"]) >= 1
    question_ms = len(voices.question(1)) / 2 / 16
    assert question_ms < float(done["LISTENED_MS"]) < question_ms + 2_500
    assert abs(float(done["SOUNDED_MS"]) - ANSWER_S * 1000) < 1_000
    assert float(done["THOUGHT_MS"]) >= 500
    assert int(done["TOTAL_TOKENS"]) > 0
    session = device.says(f"journalctl -q -u vocative EVENT=turn.done SESSION_ID={done['SESSION_ID']} -o cat | wc -l")
    assert int(session) >= 1


def pixels(sent: bytes) -> list[tuple[int, int, int]]:
    """Return the colours of an APA102's data; it must be exactly that."""
    assert sent[:4] == bytes(4), sent.hex()
    words = [sent[4 + 4 * index : 8 + 4 * index] for index in range(PIXELS)]
    assert all(word[0] >> 5 == 0b111 for word in words), sent.hex()
    assert set(sent[4 + 4 * PIXELS :]) <= {0}, sent.hex()
    return [(word[3], word[2], word[1]) for word in words]


def is_cyan(pixel: tuple[int, int, int]) -> bool:
    red, green, blue = pixel
    return red == 0 and green > 0 and blue > 0
