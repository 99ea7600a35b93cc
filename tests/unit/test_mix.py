"""A phrase waits for an earcon and gives way to an answer; nothing is lost of either, and no sample is made up."""

from __future__ import annotations

import pytest

from daemon.audio.answer import Answer
from daemon.audio.lateness import Lateness
from daemon.audio.mix import Mix
from hardware.pcm import DOWN, SAMPLE_BYTES

PHRASE = b"\x10\x00" * (DOWN.frame_samples * 3 + 100)
EARCON = b"\x00\x10" * (DOWN.frame_samples * 2)


def frames_of(mix: Mix, answer: Answer) -> list[bytes]:
    """All that is to sound, frame by frame, as fast as it is asked for."""
    frames: list[bytes] = []
    while (part := mix.next_part(answer, 0.02 * len(frames))) is not None:
        frames.append(part.pcm)
    return frames


def test_a_phrase_is_said_whole_and_padded_with_silence() -> None:
    mix = Mix(100)
    mix.set_phrase(PHRASE)
    frames = frames_of(mix, Answer.none(Lateness()))
    assert b"".join(frames) == PHRASE.ljust(4 * DOWN.frame_bytes, b"\0")


def test_it_waits_for_the_earcon_before_it_and_the_next_earcon_sounds_over_it() -> None:
    mix = Mix(100)
    mix.add_earcon(EARCON)
    mix.set_phrase(PHRASE)
    before = [mix.next_part(Answer.none(Lateness()), 0.0) for _ in range(2)]
    assert b"".join(part.pcm for part in before if part is not None) == EARCON
    mix.add_earcon(EARCON)
    frames = frames_of(mix, Answer.none(Lateness()))
    assert len(frames) == 4
    assert frames[0][:SAMPLE_BYTES] == b"\x10\x10", "both"
    assert frames[2] == PHRASE[: DOWN.frame_bytes]


def test_another_phrase_takes_its_place() -> None:
    mix = Mix(100)
    mix.set_phrase(b"\1\0" * 48_000)
    mix.set_phrase(PHRASE)
    assert len(frames_of(mix, Answer.none(Lateness()))) == 4


def test_it_gives_way_to_an_answer_for_good() -> None:
    mix, answer = Mix(100), Answer(1, Lateness())
    mix.set_phrase(PHRASE)
    said = b"\x02\x00" * DOWN.frame_samples
    answer.arrived(said, 0.0)
    answer.end()
    assert frames_of(mix, answer) == [said]


def test_a_frame_goes_on_from_the_one_before_unless_the_network_was_waited_for() -> None:
    mix, answer = Mix(100), Answer(1, Lateness())
    answer.arrived(b"\x02\x00" * DOWN.frame_samples * 4, 0.0)
    parts = [mix.next_part(answer, 1.0), mix.next_part(answer, 1.02), mix.next_part(answer, 1.04, awaited=True)]
    assert [part is not None and part.goes_on for part in parts] == [False, True, False]


@pytest.mark.parametrize("drop", [Mix.drop_phrase, Mix.drop_all])
def test_what_is_dropped_is_not_heard(drop: object) -> None:
    mix = Mix(100)
    mix.set_phrase(PHRASE)
    drop(mix)  # type: ignore[operator]  # one of the methods above
    assert frames_of(mix, Answer.none(Lateness())) == []
    assert not mix.drop_phrase(), "nothing is left"
