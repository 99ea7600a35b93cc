"""What is measured in a recording: every figure from a story whose numbers are known."""

from __future__ import annotations

import argparse
import inspect
import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.rehearsal.doings import Reply, looks, replies, ring_late_s
from daemon.rehearsal.evidence import (
    LATE_S,
    Delivery,
    Passage,
    answers,
    deliveries,
    interruptions,
    opened_by_nobody,
    openings,
    outages,
    while_it_sounds,
)
from daemon.rehearsal.figures import BUFFERLESS_MS, CARD_DELAY_MS, measure
from daemon.rehearsal.figures_table import Goal, Spread
from daemon.rehearsal.options import call_at, strike_at
from daemon.rehearsal.recording import Line, Recording
from daemon.rehearsal.scenario import Scenario
from daemon.rehearsal.scenario_file import find
from daemon.rehearsal.stand_in.answer import Call
from daemon.rehearsal.stand_in.faults import GoAway, Moment, Strike
from daemon.rehearsal.stand_in.messages import Close
from daemon.rehearsal.voices import question, sounding_s
from hardware.pcm import DOWN, FRAME_S, UP, level_dbfs, ramped, scaled
from hardware.simulated import SimulatedSpeaker
from tests.support.rehearsed import NOTHING, captured, down, noise, recording, sounded, told, up

LINK_UP = told(99.0, "link.up", connect_ms=40)
OPEN = [LINK_UP, told(100.0, "gate.opened", turn_id=1)]
"""A link, and the gate open from the recording's start on."""


class TestMicrophoneToWire:
    def test_the_age_of_each_sample_on_arrival_is_measured(self) -> None:
        heard = captured(50)
        figures = measure(
            recording(microphone=heard, service=[up(at_s + 0.003, pcm) for at_s, pcm in heard], journal=OPEN)
        )
        spread = figures.microphone_to_wire_ms
        assert spread is not None
        assert spread.median == pytest.approx(13.0, abs=0.1), "3 ms, and half a frame"
        assert spread.p99 == pytest.approx(22.8, abs=0.1)
        assert spread.max == pytest.approx(22.9, abs=0.1), "the first sample of a frame is nearly 20 ms older"
        assert spread.count == 50 * UP.frame_samples
        assert figures.live_frames == 50

    def test_what_was_said_before_the_press_is_not_counted_as_late(self) -> None:
        heard = captured(40)
        pressed_s = 100.5
        before = [frame for frame in heard if frame[0] <= pressed_s]
        service = [
            up(pressed_s + 0.001, *(pcm for _, pcm in before[first : first + 5])) for first in range(0, len(before), 5)
        ]
        service += [up(at_s + 0.002, pcm) for at_s, pcm in heard[len(before) :]]
        journal = [LINK_UP, told(pressed_s, "gate.opened", turn_id=1)]
        figures = measure(recording(microphone=heard, service=service, journal=journal))
        assert (figures.pre_roll_frames, figures.live_frames) == (25, 15)
        assert figures.microphone_to_wire_ms is not None
        assert figures.microphone_to_wire_ms.max < 22.5

    def test_what_waited_for_a_link_is_counted_apart(self) -> None:
        heard = captured(30)
        lost_s, back_s = 100.21, 100.405
        service = [up(at_s + 0.002 if not lost_s < at_s < back_s else back_s + 0.01, pcm) for at_s, pcm in heard]
        journal = [*OPEN, told(lost_s, "link.lost"), told(back_s, "link.up", connect_ms=60)]
        figures = measure(recording(microphone=heard, service=service, journal=journal))
        assert (figures.held_frames, figures.live_frames) == (10, 20)
        assert figures.microphone_to_wire_ms is not None
        assert figures.microphone_to_wire_ms.max < 22.5
        assert figures.connect_ms == Spread(50.0, 60.0, 60.0, 2)

    def test_a_frame_that_was_under_way_when_the_link_broke_was_held(self) -> None:
        journal = [*OPEN, told(100.021, "link.lost"), told(100.3, "link.up", connect_ms=1)]
        heard = captured(1)
        up_again = deliveries(recording(microphone=heard, service=[up(100.31, heard[0][1])], journal=journal))
        assert [frame.passage for frame in up_again.frames] == [Passage.HELD]

    def test_what_is_said_again_counts_once(self) -> None:
        heard = captured(10)
        first = [up(at_s + 0.001, pcm) for at_s, pcm in heard]
        again = [up(101.0, *(pcm for _, pcm in heard[:5])), up(101.0, *(pcm for _, pcm in heard[5:]))]
        found = deliveries(recording(microphone=heard, service=[*first, *again], journal=OPEN))
        assert (len(found.frames), found.said_again_frames) == (10, 10)

    def test_what_the_microphone_never_captured_is_not_recognised(self) -> None:
        heard = captured(10)
        skipping = up(100.3, heard[2][1], heard[4][1])
        foreign = up(100.3, noise(UP, 99))
        found = deliveries(recording(microphone=heard, service=[skipping, foreign], journal=OPEN))
        assert (found.frames, found.unrecognised_messages) == ((), 2)

    def test_a_room_that_hums_is_heard_again_and_again(self) -> None:
        hum = captured(5)
        later = [(at_s + 5.0, pcm) for at_s, pcm in hum]
        service = [up(at_s + 0.001, pcm) for at_s, pcm in [*hum, *later]]
        found = deliveries(recording(microphone=[*hum, *later], service=service, journal=OPEN))
        waits_s = [frame.arrived_s - frame.captured_s for frame in found.frames]
        assert waits_s == pytest.approx([0.001] * 10)
        assert found.said_again_frames == 0

    def test_of_equal_frames_the_one_that_was_there_already_is_meant(self) -> None:
        hum = captured(5)
        later = [(at_s + 5.0, pcm) for at_s, pcm in hum]
        arrived_s = hum[2][0] + 0.001
        [found] = deliveries(
            recording(microphone=[*hum, *later], service=[up(arrived_s, hum[2][1])], journal=OPEN)
        ).frames
        assert found.captured_s == hum[2][0]

    def test_equal_frames_come_one_after_the_other(self) -> None:
        silent = [(at_s, UP.silence) for at_s, _ in captured(20)]
        late = [up(at_s + 0.05, pcm) for at_s, pcm in silent]
        different = (99.98, noise(UP, 99))
        found = deliveries(
            recording(microphone=[different, *silent], service=[up(99.99, different[1]), *late], journal=OPEN)
        )
        assert [frame.captured_s for frame in found.frames] == [99.98, *(at_s for at_s, _ in silent)]

    @given(st.lists(st.integers(1, 5), min_size=1, max_size=30), st.floats(0.0, 2.0))
    def test_joined_in_whatever_way_every_frame_is_found(self, lengths: list[int], late_s: float) -> None:
        heard = captured(sum(lengths))
        service, expected, first = [], [], 0
        for length in lengths:
            frames = heard[first : first + length]
            arrived_s = frames[-1][0] + late_s
            service.append(up(arrived_s, *(pcm for _, pcm in frames)))
            expected += [Delivery(at_s, arrived_s, Passage.LIVE) for at_s, _ in frames]
            first += length
        found = deliveries(recording(microphone=heard, service=service, journal=OPEN))
        assert list(found.frames) == expected


class TestTheGateAndTheLink:
    def test_the_gate_is_open_from_its_opening_to_its_closing(self) -> None:
        journal = [told(1.0, "gate.opened"), told(2.0, "gate.closed"), told(3.0, "gate.opened")]
        assert openings(journal) == ((1.0, 2.0), (3.0, float("inf")))

    def test_there_is_no_link_before_the_first_and_after_the_last(self) -> None:
        journal = [
            told(0.0, "daemon.ready"),
            told(1.0, "link.up"),
            told(2.0, "link.lost"),
            told(2.5, "link.failed"),
            told(3.0, "link.up"),
            told(3.5, "link.go_away"),
            told(4.0, "link.left"),
        ]
        infinity = float("inf")
        assert outages(journal) == ((-infinity, 1.0), (2.0, 2.5), (2.5, 3.0), (4.0, infinity))

    def test_a_journal_that_speaks_of_no_link_says_nothing(self) -> None:
        assert outages([told(1.0, "gate.opened")]) == ()


class TestWireToSpeaker:
    def test_from_the_first_audio_of_an_answer_to_its_first_sound(self) -> None:
        service = [up(101.0, kind="activity_end"), down(101.6), down(101.7), down(103.0, "turn_complete")]
        figures = measure(recording(service=service, speaker=sounded(101.645, 103.0)))
        assert figures.wire_to_speaker_ms == Spread(45.0, 45.0, 45.0, 1)

    def test_what_still_comes_of_the_old_answer_is_no_new_one(self) -> None:
        service = [
            up(101.0, kind="activity_end"),
            down(101.6),
            up(102.0, kind="activity_start"),
            down(102.02),
            down(102.05, "interrupted"),
            down(102.05, "turn_complete"),
            up(103.0, kind="activity_end"),
            down(103.6),
        ]
        assert [answer.arrived_s for answer in answers(recording(service=service))] == [101.6, 103.6]

    @pytest.mark.parametrize("ending", ["interrupted", "turn_complete", "setup_complete"])
    def test_after_its_end_another_answer_begins(self, ending: str) -> None:
        service = [down(101.6), down(102.0, ending), down(102.6)]
        assert [answer.arrived_s for answer in answers(recording(service=service))] == [101.6, 102.6]

    def test_lines_may_be_out_of_order(self) -> None:
        """The service writes a line when the message is through, with the time before."""
        service = [down(101.6), up(101.0, kind="activity_end"), down(101.5)]
        assert [answer.arrived_s for answer in answers(recording(service=service))] == [101.5]

    def test_silence_is_not_the_first_sound(self) -> None:
        speaker = [(101.62, DOWN.silence), (101.64, noise(DOWN, 1))]
        [answer] = answers(recording(service=[down(101.6)], speaker=speaker))
        assert answer.sounded_s == 101.64

    def test_an_answer_that_never_sounded_does_not_take_the_next_ones_sound(self) -> None:
        service = [down(101.0), down(102.0, "turn_complete"), down(103.0)]
        silent, heard = answers(recording(service=service, speaker=sounded(103.05, 104.0)))
        assert (silent.sounded_s, heard.sounded_s) == (None, 103.05)


class TestPressToSilence:
    def test_until_the_last_sample_that_is_not_zero(self) -> None:
        """The fade is the first 5 ms of the last frame; the rest of it is zeros."""
        fade = ramped(noise(DOWN, 1)[:240], 1.0, 0.2).ljust(DOWN.frame_bytes, b"\0")
        speaker = [*sounded(101.0, 102.0), (102.0, fade)]
        figures = measure(recording(speaker=speaker, button=[(101.965, True), (103.0, False)]))
        assert figures.press_to_silence_ms == Spread(40.0, 40.0, 40.0, 1)
        without_card_ms = 40.0 - CARD_DELAY_MS
        assert figures.press_to_silence_without_card_ms == Spread(without_card_ms, without_card_ms, without_card_ms, 1)

    @pytest.mark.parametrize(
        ("pressed_s", "why"),
        [(100.5, "nothing sounded yet"), (102.03, "it was over"), (103.0, "long ago")],
    )
    def test_a_press_that_has_nothing_to_stop_is_none(self, pressed_s: float, why: str) -> None:
        assert interruptions(recording(speaker=sounded(101.0, 102.0), button=[(pressed_s, True)])) == (), why

    def test_a_release_is_no_press(self) -> None:
        assert interruptions(recording(speaker=sounded(101.0, 102.0), button=[(101.5, False)])) == ()

    def test_the_next_answer_is_not_what_was_to_be_stopped(self) -> None:
        journal = [told(101.5, "gate.opened"), told(102.5, "gate.closed")]
        speaker = [*sounded(101.0, 101.54), *sounded(103.0, 104.0)]
        [stopped] = interruptions(recording(speaker=speaker, button=[(101.5, True)], journal=journal))
        assert stopped.silent_s == pytest.approx(101.54)

    def test_an_answer_that_goes_on_all_the_same_is_seen(self) -> None:
        journal = [told(101.5, "gate.opened"), told(103.0, "gate.closed")]
        speaker = [*sounded(101.0, 101.54), *sounded(102.0, 102.3)]
        [stopped] = interruptions(recording(speaker=speaker, button=[(101.5, True)], journal=journal))
        assert stopped.silent_s == pytest.approx(102.3)

    def test_without_any_buffer_one_waits_half_a_period_for_the_card(self) -> None:
        delay_s = inspect.signature(SimulatedSpeaker).parameters["delay_s"].default
        assert pytest.approx(10.0 + delay_s * 1000) == BUFFERLESS_MS

    def test_the_cards_delay_is_the_simulated_cards(self) -> None:
        delay_s = inspect.signature(SimulatedSpeaker).parameters["delay_s"].default
        assert pytest.approx(delay_s * 1000) == CARD_DELAY_MS


class TestVoiceToSilence:
    def test_from_the_voices_first_sound_to_the_last_sample_of_the_answer(self) -> None:
        journal = [told(101.7, "gate.opened"), told(104.0, "gate.closed")]
        figures = measure(recording(speaker=sounded(101.0, 101.76), voice=[(101.5, 103.0)], journal=journal))
        assert figures.voice_to_silence_ms == Spread(260.0, 260.0, 260.0, 1)
        assert figures.press_to_silence_ms is None

    def test_an_answer_that_does_not_stop_counts_to_its_end(self) -> None:
        [stopped] = interruptions(recording(speaker=sounded(101.0, 104.0), voice=[(101.5, 103.0)]))
        assert stopped.spoken
        assert stopped.silent_s == pytest.approx(104.0)

    def test_a_voice_after_a_press_has_nothing_to_stop(self) -> None:
        journal = [told(101.501, "gate.opened"), told(104.0, "gate.closed")]
        speaker = sounded(101.0, 101.56)
        seen = recording(speaker=speaker, button=[(101.5, True)], voice=[(101.53, 103.0)], journal=journal)
        assert [stopped.spoken for stopped in interruptions(seen)] == [False]

    @pytest.mark.parametrize("opened_s", [101.7, 103.4])
    def test_a_gate_that_opens_for_a_voice_was_opened_by_somebody(self, opened_s: float) -> None:
        seen = recording(voice=[(101.5, 103.0)], journal=[told(opened_s, "gate.opened")])
        assert opened_by_nobody(seen) == ()

    @pytest.mark.parametrize("opened_s", [101.4, 103.6])
    def test_a_gate_that_opens_by_itself_is_a_false_interruption(self, opened_s: float) -> None:
        journal = [told(100.1, "gate.opened"), told(100.2, "gate.closed"), told(opened_s, "gate.opened")]
        seen = recording(voice=[(101.5, 103.0)], button=[(100.0, True)], journal=journal)
        assert opened_by_nobody(seen) == (opened_s,)
        assert measure(seen).as_dict()["targets_met"]["false_interruptions"] is False  # type: ignore[index]  # a dict


class TestTheEcho:
    def seen(self) -> Recording:
        """Return ten seconds at the microphone: 5 of an answer, over which somebody talks from 103 on for a second."""
        heard = captured(500)
        cleaned = [(at_s, scaled(pcm, 0.01)) for at_s, pcm in heard]
        seen = recording(microphone=heard, speaker=sounded(101.0, 106.0), voice=[(103.0, 104.0)])
        return replace(seen, scenario=Scenario(room=True), cleaned=tuple(cleaned))

    def test_its_frames_are_those_in_which_the_loudspeaker_sounds_and_nobody_speaks(self) -> None:
        seen = self.seen()
        frames = list(while_it_sounds(seen, seen.microphone))
        assert len(frames) == pytest.approx(((106.0 - 101.0) - 1.0 - LATE_S) / FRAME_S, abs=6)

    def test_what_is_left_of_it_is_measured_where_there_is_a_room(self) -> None:
        figures = measure(self.seen())
        assert figures.echo_dbfs is not None
        assert figures.residual_dbfs == pytest.approx(figures.echo_dbfs - 40.0, abs=0.2)
        assert "what was left of it" in figures.table()
        elsewhere = measure(replace(self.seen(), scenario=Scenario()))
        assert (elsewhere.echo_dbfs, elsewhere.residual_dbfs) == (None, None)
        assert "what was left of it" not in elsewhere.table()

    def test_the_table_still_fits(self) -> None:
        assert max(map(len, measure(self.seen()).table().splitlines())) <= 110


class TestLooks:
    PRESSES = ((101.0, True), (101.1, False), (101.2, True), (103.0, False))

    def test_from_the_second_press_to_the_first_picture(self) -> None:
        later = [(at_s + 5.0, down) for at_s, down in self.PRESSES]
        pictures = [up(at_s, kind="video") for at_s in (102.0, 102.9, 106.35)]
        seen = recording(button=[*self.PRESSES, *later], service=pictures)
        assert [(round(one.arrived_s - one.pressed_s, 3), one.warm) for one in looks(seen)] == [
            (0.8, False),
            (0.15, True),
        ]
        figures = measure(seen)
        assert figures.look_to_picture_ms is not None
        assert figures.look_to_picture_ms.count == 2
        assert figures.warm_look_to_picture_ms is not None
        assert figures.warm_look_to_picture_ms.median == 150.0
        assert [goal.met for goal in figures.goals() if goal.figure == "warm_look_to_picture_median_ms"] == [True]

    @pytest.mark.parametrize("second_s", [None, 104.0], ids=["one press", "two presses"])
    def test_only_a_double_press_looks(self, second_s: float | None) -> None:
        button = [(101.0, True), (101.1, False), *([(second_s, True)] if second_s else [])]
        assert not list(looks(recording(button=button, service=[up(104.5, kind="video")])))


class TestRepliesSideBySide:
    def test_each_answer_is_told_with_what_went_on_from_its_question_to_its_end(self) -> None:
        done = {"outcome": "answered", "sounded_ms": 900, "underruns": 0}
        journal = [
            told(101.0, "gate.opened", turn_id=1),
            told(103.0, "turn.done", turn_id=1, chunk_to_sound_ms=30, **done),
            told(104.0, "gate.opened", turn_id=2),
            told(105.0, "tool.called", name="get_time", duration_ms=1.0),
            told(107.0, "turn.done", turn_id=2, chunk_to_sound_ms=34, **done),
            told(108.0, "gate.opened", turn_id=3),
            told(109.0, "turn.done", turn_id=3, outcome="interrupted"),
            told(109.5, "turn.done", turn_id=1, chunk_to_sound_ms=30, **done),  # a prompt, after a restart
        ]
        seen = recording(journal=journal, service=[up(105.5, kind="video")])
        assert list(replies(seen)) == [Reply(0, (), 30.0, 0), Reply(1, ("get_time",), 34.0, 0)]
        lines = measure(seen).table().splitlines()[-2:]
        assert [line.rpartition(": ")[2] for line in lines] == ["nothing", "1 picture, get_time"]
        assert max(map(len, lines)) <= 110


class TestTheTimer:
    SET = told(101.0, "tool.called", name="set_timer", duration_ms=4.0)

    def test_it_is_late_from_when_it_is_due_to_its_first_sound(self) -> None:
        journal = [self.SET, told(106.0, "alarm.rings", kind="timer")]
        seen = recording(journal=journal, speaker=[*sounded(102.0, 103.0), *sounded(106.03, 106.5)])
        assert ring_late_s(seen, 5.0) == pytest.approx(0.034)
        figures = measure(replace(seen, scenario=find("timer").scenario))
        assert figures.ring_late_ms == pytest.approx((0.034 - 15.0) * 1000)
        assert "timer due to its first ring" in figures.table()

    @pytest.mark.parametrize("journal", [[], [SET], [told(106.0, "alarm.rings")]])
    def test_one_that_was_not_set_or_did_not_ring_is_not_late(self, journal: list[Line]) -> None:
        assert ring_late_s(recording(journal=journal), 5.0) is None


class TestTheOptions:
    def test_what_the_model_calls_for_can_be_told_to_the_stand_in(self) -> None:
        assert call_at('2:set_timer {"seconds": 6}') == (2, Call("set_timer", {"seconds": 6}))

    def test_what_the_service_does_wrong_can_be_told_to_the_stand_in(self) -> None:
        told = strike_at('{"at": "setup", "nth": 2, "times": 3, "does": "close", "code": 1008, "reason": "no"}')
        assert told == Strike(Moment.SETUP, (Close(1008, "no"),), 2, 3)
        assert strike_at('{"does": "go_away", "time_left_s": 4.0}').acts == (GoAway(4.0),)

    @pytest.mark.parametrize("text", ["", "{", '{"at": "noon"}', '{"code": "1011"}'])
    def test_what_is_no_fault_is_refused(self, text: str) -> None:
        with pytest.raises(argparse.ArgumentTypeError):
            strike_at(text)

    @pytest.mark.parametrize("text", ["", "set_timer", "0:set_timer", "2:", "2:set_timer {", "2:set_timer [1]"])
    def test_what_is_no_call_is_refused(self, text: str) -> None:
        with pytest.raises(argparse.ArgumentTypeError):
            call_at(text)

    @pytest.mark.parametrize("number", [1, 2])
    def test_a_question_sounds_from_its_first_word_to_its_last(self, number: int) -> None:
        from_s, to_s = sounding_s(number)
        speech = question(number)
        before, within = speech[: UP.bytes_in(from_s)], speech[UP.bytes_in(from_s) : UP.bytes_in(to_s)]
        assert 0.0 <= from_s < to_s <= UP.seconds(len(speech)) + FRAME_S
        assert not before or level_dbfs(before) < level_dbfs(within) - 25.0


class TestTheRest:
    def test_the_journal_tells_the_turns(self) -> None:
        journal = [
            told(102.0, "turn.done", outcome="answered", sounded_ms=900, first_audio_ms=640, underruns=1),
            told(104.0, "turn.done", outcome="interrupted", sounded_ms=200, first_audio_ms=660, underruns=2),
            told(105.0, "turn.done", outcome="empty", sounded_ms=0, underruns=0),
        ]
        figures = measure(recording(journal=journal))
        assert figures.turns == {"answered": 1, "interrupted": 1, "empty": 1}
        assert (figures.answers_heard, figures.underruns) == (2, 3)
        assert figures.first_audio_ms == Spread(650.0, 660.0, 660.0, 2)

    def test_processor_time_is_for_a_minute(self) -> None:
        assert measure(NOTHING).cpu_s_per_minute == 6.0, "1 s in 10 s"

    def test_of_few_values_the_99th_percentile_is_the_largest_of_many_it_is_not(self) -> None:
        assert Spread.of([3.0, 1.0, 2.0]) == Spread(2.0, 3.0, 3.0, 3)
        assert Spread.of([float(value) for value in range(1, 201)]) == Spread(100.5, 198.0, 200.0, 200)

    @pytest.mark.parametrize(("reached", "met"), [(40.0, True), (40.1, False), (None, None)])
    def test_a_goal_is_met_up_to_its_limit(self, reached: float | None, met: bool | None) -> None:
        assert Goal("x_ms", reached, 40.0).met is met


class TestWhatIsShown:
    def story(self) -> list[Line]:
        return [
            *OPEN,
            told(102.0, "turn.done", outcome="answered", sounded_ms=900, first_audio_ms=640, underruns=0),
        ]

    def test_of_nothing_there_is_a_table_too(self) -> None:
        figures = measure(NOTHING)
        assert figures.microphone_to_wire_ms is None
        assert figures.underruns is None
        row = next(line for line in figures.table().splitlines() if "microphone to wire" in line)
        assert row.split()[-7:] == ["-", "-", "-", "12", "/", "25", "ms"], "and no verdict"

    def test_the_table_says_what_was_met_and_what_was_missed(self) -> None:
        heard = captured(50)
        late = [up(at_s + 0.020, pcm) for at_s, pcm in heard]
        table = measure(recording(microphone=heard, service=late, journal=self.story())).table()
        verdicts = {
            line.split("  ")[1]: line.split()[-1] for line in table.splitlines() if line.endswith(("met", "missed"))
        }
        assert verdicts == {
            "microphone to wire, each sample": "missed",
            "app to a warm microphone and a live button": "met",
            "memory": "met",
        }
        assert "29.9" in table or "30.0" in table

    def test_the_table_fits_a_terminal_and_its_columns_stand_below_each_other(self) -> None:
        heard = captured(50)
        service = [up(at_s + 0.003, pcm) for at_s, pcm in heard]
        table = measure(recording(microphone=heard, service=service, journal=self.story())).table()
        lines = table.splitlines()
        assert max(map(len, lines)) <= 110
        ends = lines[0].index("median") + len("median")
        rows = [line for line in lines[2 : lines.index("")] if not line.strip().startswith("memory")]
        assert all(line[ends - 1] != " " and line[ends : ends + 1].strip() == "" for line in rows), table
        assert table.isascii()

    def test_the_numbers_can_be_written_as_json(self) -> None:
        heard = captured(50)
        service = [up(at_s + 0.003, pcm) for at_s, pcm in heard]
        written = json.loads(
            json.dumps(measure(recording(microphone=heard, service=service, journal=self.story())).as_dict())
        )
        assert written["microphone_to_wire_ms"]["count"] == 50 * UP.frame_samples
        assert written["wire_to_speaker_ms"] is None
        assert written["targets_met"]["wire_to_speaker_median_ms"] is None
        assert written["targets_met"]["peak_mib"] is True
