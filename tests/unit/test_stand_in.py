"""The stand-in service: turns, answers and interruptions, as live-api.md tells them."""

from __future__ import annotations

import random
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.rehearsal import voices
from daemon.rehearsal.stand_in.answer import BURSTS, REAL_TIME, SLOW, Answer, Pacing
from daemon.rehearsal.stand_in.conduct import Manners
from daemon.rehearsal.stand_in.memory import digest
from daemon.rehearsal.stand_in.messages import Close
from daemon.rehearsal.stand_in.service import StandIn
from hardware.pcm import DOWN, UP
from tests.support.known_sound import known_sound
from tests.support.live_client import ANSWER, TIDY, Client, service

SPEECH = known_sound(UP, 0.5)


def frames(pcm: bytes) -> list[bytes]:
    return [pcm[at : at + UP.frame_bytes] for at in range(0, len(pcm), UP.frame_bytes)]


class TestAnAnswer:
    def test_comes_in_the_observed_order(self) -> None:
        client = Client.ready(service())
        client.ask(SPEECH)
        client.wait(10.0)
        assert client.kinds() == ["setupComplete", "audio", "generated", "complete", "update"]

    @settings(max_examples=40, deadline=None)
    @given(seed=st.integers(0, 10**6), pacing=st.sampled_from([BURSTS, REAL_TIME, SLOW]))
    def test_is_all_of_the_sound_and_all_of_the_words_whatever_the_pace(self, seed: int, pacing: Pacing) -> None:
        client = Client.ready(service(seed=seed, pacing=pacing))
        client.ask()
        client.wait(60.0)
        assert client.answer == ANSWER.pcm
        assert "".join(words["text"] for words in client.content("outputTranscription")) == ANSWER.transcript
        assert client.times("audio") == sorted(client.times("audio"))
        assert client.kinds()[-3:] == ["generated", "complete", "update"]

    @settings(max_examples=20, deadline=None)
    @given(seed=st.integers(0, 10**6))
    def test_comes_in_several_parts_of_40_to_250_ms(self, seed: int) -> None:
        client = Client.ready(service(seed=seed))
        client.ask()
        client.wait(10.0)
        parts = client.parts()
        assert all(1 <= len(message) <= 4 for message in parts)
        assert {len(message) for message in parts} != {1}
        lengths_ms = [DOWN.seconds(len(part)) * 1000 for message in parts for part in message]
        assert all(40 <= length_ms <= 250 for length_ms in lengths_ms[:-1])

    def test_thinks_then_bursts_then_ends_when_it_would_have_sounded(self) -> None:
        client = Client.ready(service(pacing=Pacing(think_s=0.6, speed=3.3, stray_frames=0.0)))
        client.ask()
        client.wait(10.0)
        sounds_s = DOWN.seconds(len(ANSWER.pcm))
        assert client.times("audio")[0] == pytest.approx(0.6)
        assert client.times("generated")[0] - 0.6 < sounds_s / 3.3 + 0.1
        assert -0.244 <= client.times("complete")[0] - 0.6 - sounds_s <= 0.05

    def test_of_a_slow_service_falls_behind_its_own_sound(self) -> None:
        client = Client.ready(service(pacing=SLOW, answer=Answer(known_sound(DOWN, 8.0))))
        client.ask()
        client.wait(60.0)
        assert client.times("audio")[-1] - client.times("audio")[0] > 8.5
        gaps = [after - before for before, after in pairwise(client.times("audio"))]
        assert max(gaps) >= SLOW.gap_s

    def test_over_an_uneven_network_is_late_but_in_order(self) -> None:
        even = Client.ready(service(pacing=Pacing(speed=1.0, part_ms=(40, 40), parts=(1, 1), stray_frames=0.0)))
        uneven = Client.ready(
            service(pacing=Pacing(speed=1.0, part_ms=(40, 40), parts=(1, 1), stray_frames=0.0, delay_s=0.3))
        )
        for client in (even, uneven):
            client.ask()
            client.wait(10.0)
        late_s = [late - due for due, late in zip(even.times("audio"), uneven.times("audio"), strict=True)]
        assert min(late_s) >= -1e-9
        assert 0.2 < max(late_s) <= 0.3 + 1e-9

    def test_is_the_same_for_the_same_seed_only(self) -> None:
        def run(seed: int) -> list[Any]:
            client = Client.ready(service(seed=seed, pacing=BURSTS))
            client.ask(SPEECH)
            client.wait(10.0)
            return client.said

        assert run(1) == run(1)
        assert run(1) != run(2)

    def test_is_by_default_the_packaged_speech(self) -> None:
        client = Client.ready(StandIn(random.Random(1)))
        client.ask()
        client.wait(30.0)
        assert client.answer == voices.answer()
        assert "".join(words["text"] for words in client.content("outputTranscription")) == voices.ANSWER_WORDS

    def test_can_be_another_for_each_turn(self) -> None:
        to = service()
        sounds = {1: known_sound(DOWN, 0.5, seed=3), 2: known_sound(DOWN, 0.7, seed=4)}
        to.conduct.answer = lambda turn: Answer(sounds[turn])
        client = Client.ready(to)
        for _ in sounds:
            client.ask()
            client.wait(5.0)
        assert client.answer == sounds[1] + sounds[2]

    def test_without_sound_ends_with_its_reason(self) -> None:
        client = Client.ready(service(answer=Answer(b"", reason="MALFORMED_FUNCTION_CALL")))
        client.ask()
        client.wait(5.0)
        assert client.content("turnCompleteReason") == ["MALFORMED_FUNCTION_CALL"]
        assert client.answer == b""
        assert not client.service.sessions["s1"].turns[0].answered

    def test_is_told_in_words_when_asked_and_by_some_models_unasked(self) -> None:
        for model, told in (("gemini-3.8-live", True), ("gemini-3.1-flash-live-preview", False)):
            client = Client.ready(service(), model=model)
            client.ask()
            client.wait(5.0)
            assert bool(client.content("outputTranscription")) is told
        client = Client.ready(service(), model="gemini-3.1-flash-live-preview", outputAudioTranscription={})
        client.ask()
        client.wait(5.0)
        assert client.content("outputTranscription")

    def test_says_what_was_heard_once_if_asked_and_if_anything_was(self) -> None:
        client = Client.ready(service(), inputAudioTranscription={})
        client.ask(SPEECH)
        client.wait(5.0)
        client.ask()
        client.wait(5.0)
        assert client.content("inputTranscription") == [{"text": "0.5 seconds of speech"}]

    def test_is_strewn_with_messages_that_say_nothing(self) -> None:
        client = Client.ready(service(pacing=Pacing(stray_frames=0.9), answer=Answer(known_sound(DOWN, 10.0))))
        client.ask()
        client.wait(5.0)
        assert {} in client.messages
        assert {"sessionResumptionUpdate": {}} in client.messages
        assert {"sessionResumptionUpdate": {"resumable": False}} in client.messages

    def test_of_an_old_model_has_one_part_a_message(self) -> None:
        client = Client.ready(service(), model="gemini-2.5-flash-native-audio-preview-12-2025")
        client.ask()
        client.wait(5.0)
        assert {len(message) for message in client.parts()} == {1}

    def test_with_extended_thinking_goes_on_after_the_first_turn_complete(self) -> None:
        client = Client.ready(service(), model="gemini-3.8-live-extended-thinking")
        client.ask()
        client.wait(20.0)
        assert client.content("interactionStatus") == ["IN_PROGRESS", "IDLE"]
        assert client.kinds()[1:] == ["audio", "generated", "complete", "audio", "generated", "complete", "update"]
        assert client.answer == ANSWER.pcm


class TestTheWindow:
    def test_held_open_gets_nothing(self) -> None:
        client = Client.ready(service())
        client.start()
        client.speak(SPEECH)
        client.wait(300.0)
        assert client.kinds() == ["setupComplete"]

    def test_empty_gets_an_answer_all_the_same(self) -> None:
        client = Client.ready(service())
        client.ask()
        client.wait(5.0)
        assert client.answer == ANSWER.pcm

    @given(cuts=st.lists(st.integers(1, 4000), max_size=30))
    @settings(max_examples=50, deadline=None)
    def test_hears_the_same_frames_however_they_are_cut(self, cuts: list[int]) -> None:
        client = Client.ready(service())
        client.start()
        at = 0
        for cut in [*cuts, len(SPEECH)]:
            client.audio(SPEECH[at : at + 2 * cut])
            at += 2 * cut
        client.end()
        [turn] = client.service.turns
        assert turn.digests == [digest(frame) for frame in frames(SPEECH)]
        assert turn.heard_bytes == len(SPEECH)
        assert turn.heard_s == pytest.approx(0.5)

    def test_declares_the_rate_of_what_it_hears(self) -> None:
        client = Client.ready(service())
        client.start()
        client.audio(bytes(48_000), rate_hz=24_000)
        client.end()
        [turn] = client.service.turns
        assert turn.heard_s == pytest.approx(1.0)
        assert len(turn.digests) == 50

    def test_keeps_out_what_is_sent_around_it(self) -> None:
        client = Client.ready(service())
        client.speak(SPEECH)
        client.ask(SPEECH)
        client.speak(SPEECH)
        [turn] = client.service.turns
        assert turn.heard_bytes == len(SPEECH)
        assert client.service.sessions["s1"].oddities == {"audio_outside_window": 50}

    def test_that_is_opened_or_closed_twice_is_odd_and_no_more(self) -> None:
        client = Client.ready(service())
        client.end()
        client.start()
        client.start()
        client.end()
        client.end()
        client.wait(5.0)
        assert client.answer == ANSWER.pcm
        oddities = client.service.sessions["s1"].oddities
        assert oddities == {"activity_end_outside_window": 2, "activity_start_inside_window": 1}

    def test_gives_no_answer_to_text_inside_and_one_outside(self) -> None:
        client = Client.ready(service())
        client.start()
        client.realtime(text="hello")
        client.wait(10.0)
        assert client.answer == b""
        client.end()
        client.wait(10.0)
        client.realtime(text="hello again")
        client.wait(10.0)
        assert client.answer == ANSWER.pcm * 2
        assert [turn.text for turn in client.service.turns] == ["", "hello again"]


class TestTheEyes:
    def test_see_which_turn_was_answered(self) -> None:
        client = Client.ready(service())
        client.ask(SPEECH)
        turn = client.service.sessions["s1"].turns[0]
        assert (turn.answered, turn.complete) == (False, False)
        client.wait(0.7)
        assert (turn.answered, turn.complete) == (True, False)
        client.wait(5.0)
        assert (turn.answered, turn.complete, turn.answer_bytes) == (True, True, len(ANSWER.pcm))

    def test_count_each_frame_of_the_answered_turns(self) -> None:
        client = Client.ready(service())
        for _ in range(2):
            client.ask(SPEECH)
            client.wait(5.0)
        client.ask(known_sound(UP, 0.1, seed=9))  # not answered yet
        counts = client.service.sessions["s1"].answered_digests
        assert counts == {digest(frame): 2 for frame in frames(SPEECH)}

    def test_count_pictures_and_those_that_come_too_fast(self) -> None:
        client = Client.ready(service())
        client.start()
        for pause_s in (1.0, 1.5, 0.9, 0.0):
            client.realtime(video={"data": "/9g=", "mimeType": "image/jpeg"})
            client.wait(pause_s)
        session = client.service.sessions["s1"]
        assert session.turns[0].video_frames == 4
        assert session.fast_frames == 1


class TestAnInterruption:
    def run(self, after_s: float, **manners: Any) -> Client:
        client = Client.ready(service(answer=Answer(known_sound(DOWN, 4.0)), manners=Manners(**manners)))
        client.ask(SPEECH)
        client.wait(after_s)
        client.start()
        return client

    def test_ends_an_answer_without_generation_complete(self) -> None:
        client = self.run(0.9)
        client.wait(30.0)
        assert client.kinds() == ["setupComplete", "audio", "interrupted", "complete", "update"]
        assert client.service.sessions["s1"].turns[0].interrupted

    def test_takes_a_moment_in_which_stale_audio_still_comes(self) -> None:
        client = self.run(0.9)
        asked_s = client.now
        client.wait(5.0)
        assert client.times("interrupted") == [pytest.approx(asked_s + TIDY.interrupt_s)]
        assert max(client.times("audio")) <= client.times("interrupted")[0]

    def test_of_a_generated_answer_ends_the_old_turn_not_the_new(self) -> None:
        client = self.run(3.0)
        assert client.kinds()[-1] == "generated"
        opened_s = client.now
        client.wait(30.0)
        assert client.kinds(since=opened_s) == ["interrupted", "complete", "update"]
        client.end()
        client.wait(30.0)
        assert client.kinds(since=opened_s)[3:] == ["audio", "generated", "complete", "update"]
        assert [turn.complete for turn in client.service.turns] == [False, True]

    @pytest.mark.parametrize("told", [True, False])
    def test_before_anything_was_said_may_or_may_not_be_told(self, told: bool) -> None:
        client = self.run(0.3, ends_unheard_turns=told)
        client.wait(5.0)
        assert client.kinds()[1:] == (["interrupted", "complete", "update"] if told else [])
        client.end()
        client.wait(10.0)
        first, second = client.service.turns
        assert (first.interrupted, first.answered_in, second.answered_in) == (True, 2, 2)

    def test_lets_the_new_answer_wait_for_the_end_of_the_old(self) -> None:
        client = self.run(0.9)
        client.end()  # at once: the old turn is not over yet
        client.wait(30.0)
        assert client.kinds()[1:] == [
            "audio", "interrupted", "complete", "update", "audio", "generated", "complete", "update",
        ]  # fmt: skip

    def test_does_not_happen_where_it_was_switched_off(self) -> None:
        detection = {"automaticActivityDetection": {"disabled": True}, "activityHandling": "NO_INTERRUPTION"}
        client = Client.ready(service(), realtimeInputConfig=detection)
        client.ask(SPEECH)
        client.wait(1.0)
        client.ask(SPEECH)
        client.wait(30.0)
        assert client.content("interrupted") == []
        assert client.answer == ANSWER.pcm * 2


class TestTypedContent:
    def test_makes_the_model_speak_even_if_it_is_empty(self) -> None:
        client = Client.ready(service())
        client.send({"clientContent": {"turnComplete": True}})
        client.wait(5.0)
        assert client.answer == ANSWER.pcm

    def test_interrupts_when_it_is_complete(self) -> None:
        client = Client.ready(service())
        client.ask(SPEECH)
        client.wait(0.9)
        client.send({"clientContent": {"turns": [{"role": "user", "parts": [{"text": "stop"}]}], "turnComplete": True}})
        client.wait(10.0)
        assert client.kinds()[1:5] == ["audio", "interrupted", "complete", "update"]
        assert [turn.text for turn in client.service.turns] == ["", "stop"]

    def test_waits_for_its_end(self) -> None:
        client = Client.ready(service())
        client.send({"client_content": {"turns": [{"parts": [{"text": "a"}]}], "turn_complete": False}})
        client.wait(5.0)
        assert client.answer == b""

    def test_announced_as_history_is_not_answered(self) -> None:
        history = {"initialHistoryInClientContent": True}
        client = Client.ready(service(), historyConfig=history)
        client.send({"clientContent": {"turns": [{"parts": [{"text": "long ago"}]}], "turnComplete": True}})
        client.wait(5.0)
        assert client.answer == b""
        client.send({"clientContent": {"turns": [{"parts": [{"text": "now"}]}], "turnComplete": True}})
        client.wait(5.0)
        assert client.answer == ANSWER.pcm

    def test_is_refused_by_3_1_except_as_announced_history(self) -> None:
        content = {"clientContent": {"turns": [{"parts": [{"text": "a"}]}], "turnComplete": True}}
        model = "gemini-3.1-flash-live-preview"
        unannounced = Client.ready(service(), model=model)
        unannounced.send(content)
        assert unannounced.ending == Close(1007, "Request contains an invalid argument.")
        announced = Client.ready(service(), model=model, historyConfig={"initialHistoryInClientContent": True})
        announced.send(content)
        assert announced.ending is None
        announced.send(content)
        assert announced.ending == Close(1007, "Request contains an invalid argument.")
