"""The gate: no word lost, none sent twice, and nothing passes that must not."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.audio.gate import Gate, GateSettings, Marker
from hardware.pcm import FRAME_S

SHORT = GateSettings(
    pre_roll_ms=100,
    attack_ms=100,
    hangover_ms=200,
    shortest_hangover_ms=200,
    longest_hangover_ms=200,
    no_speech_s=1.0,
    longest_s=3.0,
)
ATTACK, HANGOVER, NO_SPEECH, LONGEST = 5, 10, 50, 150


@dataclass
class Listener:
    """A gate, and what came through it."""

    gate: Gate = field(default_factory=lambda: Gate(SHORT))
    passed: list[int] = field(default_factory=list)
    markers: list[tuple[int, Marker]] = field(default_factory=list)
    """Each with the number of frames that the gate had been open for."""
    heard: int = 0
    opened_at: int = 0

    def open(self, *, endpointing: bool = True, to_voice: bool = False) -> list[int]:
        kept = self.gate.open(endpointing=endpointing, to_voice=to_voice)
        pre_roll = [int.from_bytes(frame, "little") for frame in kept]
        self.passed += pre_roll
        self.opened_at = self.heard
        return pre_roll

    def hear(self, pattern: str, *, kept: bool = True) -> None:
        """Push a frame for each letter: `v` is voice, `.` is none. Frames are numbered from 0."""
        for letter in pattern:
            frame = self.heard.to_bytes(640, "little")
            self.heard += 1
            passed = self.gate.push(frame, voiced=letter == "v", kept=kept)
            if passed.frame is not None:
                assert passed.frame == frame
                self.passed.append(self.heard - 1)
            self.note(passed.marker)

    def note(self, marker: Marker | None) -> None:
        if marker is not None:
            self.markers.append((self.heard - self.opened_at, marker))


@pytest.fixture
def listener() -> Listener:
    return Listener()


# --- what passes -----------------------------------------------------------------------------------


def test_the_defaults_keep_half_a_second() -> None:
    gate = Gate()
    for number in range(100):
        assert gate.push(bytes([number]), voiced=False, kept=True).frame is None
    assert gate.open(endpointing=False) == [bytes([number]) for number in range(75, 100)]


def test_closed_passes_nothing_open_passes_everything_after_the_pre_roll(listener: Listener) -> None:
    listener.hear("." * 20)
    assert listener.passed == []
    assert not listener.gate.is_open
    assert listener.open() == [15, 16, 17, 18, 19]
    assert listener.gate.is_open
    listener.hear(".v.v")
    listener.gate.close()
    listener.hear("vv")
    assert listener.passed == [15, 16, 17, 18, 19, 20, 21, 22, 23]


def test_no_frame_is_passed_twice(listener: Listener) -> None:
    listener.hear("....")
    listener.open()
    listener.hear("....")
    listener.gate.close()
    listener.hear("..")
    assert listener.open() == [8, 9]
    assert listener.passed == list(range(10))


def test_opening_again_while_open_begins_anew_without_a_pre_roll(listener: Listener) -> None:
    listener.hear("...")
    listener.open()
    listener.hear("." * 140)
    assert listener.open() == []
    listener.hear("." * 30)
    assert listener.markers == [(NO_SPEECH, Marker.NOTHING_SAID)]


def test_nothing_heard_beside_our_own_voice_is_kept(listener: Listener) -> None:
    """Nor what came before it: a pre-roll with a hole would glue two sentences together."""
    listener.hear("...")
    listener.hear("..", kept=False)
    listener.hear("..")
    assert listener.open() == [5, 6]


def test_an_open_gate_passes_what_is_heard_beside_our_own_voice(listener: Listener) -> None:
    """The user talks over the end of an answer: it is theirs to be understood."""
    listener.open()
    listener.hear("..", kept=False)
    assert listener.passed == [0, 1]


def test_forgotten_frames_never_pass(listener: Listener) -> None:
    listener.hear("vvvvv")
    listener.gate.forget()
    listener.hear(".")
    assert listener.open() == [5]
    listener.hear("..")
    assert listener.markers == []


@settings(deadline=None)
@given(
    st.lists(
        st.one_of(st.just("open"), st.just("close"), st.just("forget"), st.text("v.a", min_size=1, max_size=12)),
        max_size=40,
    )
)
def test_frames_leave_in_order_at_most_once_and_only_for_an_open_gate(steps: list[str]) -> None:
    listener = Listener()
    forbidden: set[int] = set()
    for step in steps:
        match step:
            case "open":
                listener.open()
            case "close":
                listener.gate.close()
            case "forget":
                forbidden |= set(range(listener.heard)) - set(listener.passed)
                listener.gate.forget()
            case letters:
                for letter in letters:
                    was_open, first = listener.gate.is_open, listener.heard
                    listener.hear(letter, kept=letter != "a")
                    if letter == "a" and not was_open:
                        forbidden.add(first)
                    assert (first in listener.passed) == was_open
    assert listener.passed == sorted(set(listener.passed))
    assert not forbidden & set(listener.passed)


# --- endpointing -----------------------------------------------------------------------------------

STORIES = [
    ("speech, then silence", "..vvvvvvvv" + "." * 20, [(7, "STARTED"), (10 + HANGOVER, "ENDED")]),
    ("unvoiced frames within speech", ".v.vv.vv.vvv" + "." * 20, [(8, "STARTED"), (12 + HANGOVER, "ENDED")]),
    ("a pause shorter than the hangover", "vvvvv" + "." * 9 + "vvvvv" + "." * 20, [(5, "STARTED"), (29, "ENDED")]),
    ("clicks are no speech", "v..v..v..v..v..v..", []),
    ("too little voice", "vvvv..........", []),
    ("a click does not prolong speech", "vvvvvvv......v......." + "." * 9, [(5, "STARTED"), (18, "ENDED")]),
    ("two frames of voice do not either", "vvvvvvv......vv....." + "." * 9, [(5, "STARTED"), (19, "ENDED")]),
    ("three do", "vvvvvvv....vvv" + "." * 12, [(5, "STARTED"), (24, "ENDED")]),
    ("nothing is said", "." * 60, [(NO_SPEECH, "NOTHING")]),
    ("speech after that is no news", "." * 50 + "v" * 20 + "." * 20, [(NO_SPEECH, "NOTHING")]),
    ("a second sentence neither", "vvvvv" + "." * 10 + "vvvvv" + "." * 20, [(5, "STARTED"), (15, "ENDED")]),
    ("speech without an end", "v" * 200, [(5, "STARTED"), (LONGEST, "LONG")]),
    ("nothing for very long", "." * 200, [(NO_SPEECH, "NOTHING"), (LONGEST, "LONG")]),
]
MARKERS = {
    "STARTED": Marker.SPEECH_STARTED,
    "ENDED": Marker.SPEECH_ENDED,
    "NOTHING": Marker.NOTHING_SAID,
    "LONG": Marker.TOO_LONG,
}


@pytest.mark.parametrize(("pattern", "expected"), [story[1:] for story in STORIES], ids=[story[0] for story in STORIES])
def test_speech_begins_and_ends(pattern: str, expected: list[tuple[int, str]]) -> None:
    listener = Listener()
    listener.open()
    listener.hear(pattern)
    assert listener.markers == [(frame, MARKERS[name]) for frame, name in expected]
    assert listener.passed == list(range(len(pattern)))


@pytest.mark.parametrize("pattern", ["v" * 140, "." * 140, "vvvvv" + "." * 100])
def test_without_endpointing_nothing_is_noticed_but_the_length(listener: Listener, pattern: str) -> None:
    listener.open(endpointing=False)
    listener.hear(pattern)
    assert listener.markers == []
    listener.hear("." * 60)
    assert listener.markers == [(LONGEST, Marker.TOO_LONG)]


def test_speech_that_is_going_on_at_the_press_counts(listener: Listener) -> None:
    listener.hear("......vvvv")
    listener.open()
    listener.hear("v" + "." * 20)
    assert listener.markers == [(1, Marker.SPEECH_STARTED), (1 + HANGOVER, Marker.SPEECH_ENDED)]


def test_a_word_that_was_over_before_the_press_does_not_count(listener: Listener) -> None:
    """Or else tapping right after somebody spoke would end the turn before it began."""
    listener.hear("vvvvv......")
    listener.open()
    listener.hear("." * 30)
    assert listener.markers == []


def test_each_opening_notices_anew(listener: Listener) -> None:
    for _ in range(2):
        listener.open()
        listener.hear("vvvvv" + "." * 10)
        listener.gate.close()
        listener.hear("." * 10)
    assert [marker for _, marker in listener.markers] == [Marker.SPEECH_STARTED, Marker.SPEECH_ENDED] * 2


# --- how long a pause may be -----------------------------------------------------------------------

LENIENT = replace(SHORT, shortest_hangover_ms=100, longest_hangover_ms=600)
"""Pauses of 10 frames end speech at first."""


def test_whoever_pauses_long_in_mid_sentence_is_given_more_time_from_then_on() -> None:
    listener = Listener(Gate(LENIENT))
    listener.open()
    listener.hear("vvvvv" + "." * 9 + "vvvvv" + "." * 30)
    ended_at, marker = listener.markers[-1]
    assert marker is Marker.SPEECH_ENDED
    assert ended_at > 19 + HANGOVER


def test_whoever_went_on_right_after_the_end_had_only_paused() -> None:
    listener = Listener(Gate(LENIENT))
    listener.open()
    listener.hear("vvvvv" + "." * 10)
    listener.gate.close()
    listener.gate.watch(100)
    before = listener.gate.patience.hangover_frames
    listener.hear("..vvvvv")
    assert [marker for _, marker in listener.markers[1:]] == [Marker.SPEECH_ENDED, Marker.VOICE]
    assert listener.gate.patience.hangover_frames > before


@pytest.mark.parametrize("afterwards", ["watch", "open"])
def test_whoever_speaks_after_the_answer_does_not_go_on_and_short_pauses_make_it_impatient(afterwards: str) -> None:
    listener = Listener(Gate(LENIENT))
    for _ in range(5):
        listener.open()
        listener.hear("vvvvv" + "." * 12)
        listener.gate.close()
        listener.hear("....")
        if afterwards == "watch":
            listener.gate.watch(100)
            listener.hear("vvvvv")
    listener.open()
    assert listener.gate.patience.hangover_frames < HANGOVER


# --- before the closed gate ------------------------------------------------------------------------


def test_a_voice_before_the_closed_gate_is_noticed_once(listener: Listener) -> None:
    listener.gate.watch(100)
    listener.hear("..vvvv.vvvvvvvvv")
    assert listener.markers == [(8, Marker.VOICE)]
    listener.gate.watch(100)
    listener.hear("vvvvv")
    assert listener.markers[1:] == [(21, Marker.VOICE)], "what was heard before it was told to watch does not count"


def test_a_stricter_watch_wants_more(listener: Listener) -> None:
    listener.gate.watch(300)
    listener.hear("v" * 14 + "." * 10 + "v" * 14)
    assert listener.markers == []
    listener.hear("v")
    assert listener.markers == [(39, Marker.VOICE)]


@pytest.mark.parametrize("told", [False, True])
def test_nobody_is_noticed_who_is_not_watched_for(listener: Listener, told: bool) -> None:
    if told:
        listener.gate.watch(100)
        listener.gate.watch(None)
    listener.hear("v" * 50)
    assert listener.markers == []
    assert listener.gate.watch_left == 0.0


def test_a_watch_has_its_time_and_lost_frames_are_part_of_it(listener: Listener) -> None:
    listener.gate.watch(100, 1.0)
    listener.hear("." * 20)
    assert listener.gate.watch_left == pytest.approx(0.6)
    listener.note(listener.gate.lost(20))
    assert listener.markers == []
    assert listener.gate.watch_left == pytest.approx(0.2)
    listener.hear("." * 30)
    assert listener.markers == [(30, Marker.WATCH_OVER)]
    listener.hear("v" * 20)
    assert len(listener.markers) == 1


def test_a_watch_may_end_in_a_lost_stretch(listener: Listener) -> None:
    listener.gate.watch(100, 1.0)
    listener.note(listener.gate.lost(500))
    assert [marker for _, marker in listener.markers] == [Marker.WATCH_OVER]


def test_opening_the_gate_ends_the_watch(listener: Listener) -> None:
    listener.gate.watch(100, 1.0)
    listener.open(endpointing=False)
    listener.hear("v" * 60)
    listener.gate.close()
    listener.hear("v" * 60)
    assert listener.markers == []


def test_a_voice_that_is_forgotten_is_not_noticed(listener: Listener) -> None:
    listener.gate.watch(100)
    listener.hear("vvvv")
    listener.gate.forget()
    listener.hear("v...")
    assert listener.markers == []


def test_opened_to_a_voice_the_pre_roll_is_what_was_before_it() -> None:
    gate = Listener(Gate(replace(SHORT, sure_ms=200)))
    gate.hear("." * 30)
    assert gate.open(to_voice=True) == list(range(15, 30))
    gate.gate.close()
    gate.hear("." * 30)
    assert gate.open() == list(range(55, 60))
    gate.gate.close()
    gate.hear("..")
    assert gate.open(to_voice=True) == [60, 61], "what an opening left out is not in a later one's pre-roll"


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        ("." * 60, [(HANGOVER, Marker.NOTHING_SAID)]),
        ("...vv" + "." * 60, [(HANGOVER, Marker.NOTHING_SAID)]),
        ("..vvvvv" + "." * 60, [(7, Marker.SPEECH_STARTED), (7 + HANGOVER, Marker.SPEECH_ENDED)]),
    ],
)
def test_opened_to_a_voice_that_was_none_nobody_is_waited_for(after: str, expected: list[tuple[int, Marker]]) -> None:
    listener = Listener()
    listener.hear("." * 20)
    listener.open(to_voice=True)
    listener.hear(after)
    assert listener.markers == expected


def test_opened_to_a_short_word_it_is_speech(listener: Listener) -> None:
    listener.gate.watch(100)
    listener.hear("....vvvvv")
    assert [marker for _, marker in listener.markers] == [Marker.VOICE]
    listener.open(to_voice=True)
    listener.hear("." * 60)
    assert [marker for _, marker in listener.markers[1:]] == [Marker.SPEECH_STARTED, Marker.SPEECH_ENDED]


# --- lost frames -----------------------------------------------------------------------------------


def test_a_lost_stretch_neither_ends_nor_prolongs_speech(listener: Listener) -> None:
    """A slow processor must not end a sentence."""
    listener.open()
    listener.hear("vvvvv....")
    listener.note(listener.gate.lost(40))
    assert [marker for _, marker in listener.markers] == [Marker.SPEECH_STARTED]
    listener.hear("." * (HANGOVER - 4))
    assert [marker for _, marker in listener.markers] == [Marker.SPEECH_STARTED, Marker.SPEECH_ENDED]


@pytest.mark.parametrize(
    ("lost", "expected"), [(NO_SPEECH - 11, None), (NO_SPEECH - 10, Marker.NOTHING_SAID), (LONGEST, Marker.TOO_LONG)]
)
def test_lost_time_is_time(listener: Listener, lost: int, expected: Marker | None) -> None:
    listener.open()
    listener.hear("." * 10)
    assert listener.gate.lost(lost) is expected


def test_a_closed_gate_that_does_not_watch_has_no_time(listener: Listener) -> None:
    assert listener.gate.lost(10_000) is None
    listener.open()
    listener.hear(".")
    assert listener.markers == []


def test_all_time_is_audio() -> None:
    """The defaults in frames: 8 s, 60 s."""
    listener = Listener(Gate())
    listener.open()
    listener.hear("." * 3100)
    assert [(round(frames * FRAME_S, 2), marker) for frames, marker in listener.markers] == [
        (8.0, Marker.NOTHING_SAID),
        (60.0, Marker.TOO_LONG),
    ]
