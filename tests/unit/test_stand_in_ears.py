"""The stand-in service's own voice detection."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from daemon.rehearsal import voices
from daemon.rehearsal.stand_in.memory import digest
from daemon.rehearsal.stand_in.messages import Close
from hardware.pcm import UP
from tests.support.known_sound import known_sound
from tests.support.live_client import ANSWER, Client, service

SPEECH = known_sound(UP, 0.5)


QUIET = UP.silence


def frames(pcm: bytes) -> list[bytes]:
    return [pcm[at : at + UP.frame_bytes] for at in range(0, len(pcm), UP.frame_bytes)]


class TestItsOwnVoiceDetection:
    def client(self, model: str = "gemini-3.8-live") -> Client:
        detection = {"silenceDurationMs": 600, "prefixPaddingMs": 100}
        return Client.ready(service(), model=model, realtimeInputConfig={"automaticActivityDetection": detection})

    def test_answers_after_the_silence_and_no_sooner(self) -> None:
        client = self.client()
        client.speak(QUIET * 20 + SPEECH + QUIET * 29)
        assert client.service.sessions["s1"].turns[0].ended_s is None
        client.speak(QUIET)
        client.wait(5.0)
        assert client.answer == ANSWER.pcm

    def test_hears_all_of_the_speech_and_the_padding(self) -> None:
        client = self.client()
        client.speak(QUIET * 20 + SPEECH + QUIET * 40)
        [turn] = client.service.turns
        assert turn.digests == [digest(frame) for frame in frames(QUIET * 5 + SPEECH + QUIET * 30)]

    def test_hears_real_speech_as_one_turn(self) -> None:
        client = Client.ready(service(), realtimeInputConfig={})
        client.speak(voices.question(1) + QUIET * 60)
        [turn] = client.service.turns
        assert 2.5 < turn.heard_s < 4.0

    def test_is_not_fooled_by_a_click(self) -> None:
        client = self.client()
        client.speak(QUIET * 5 + known_sound(UP, 0.1) + QUIET * 60)
        assert list(client.service.turns) == []

    def test_interrupts(self) -> None:
        client = self.client()
        client.speak(SPEECH + QUIET * 30)
        client.wait(1.0)
        client.speak(SPEECH)
        assert "interrupted" in client.kinds()

    def test_ends_the_turn_with_the_stream(self) -> None:
        client = self.client()
        client.speak(SPEECH)
        client.realtime(audioStreamEnd=True)
        client.wait(5.0)
        assert client.answer == ANSWER.pcm

    def test_is_reported_by_3_1_only(self) -> None:
        for model, reports in (("gemini-3.8-live", 0), ("gemini-3.1-flash-live-preview", 2)):
            client = self.client(model)
            client.speak(SPEECH + QUIET * 30)
            activity = [message["voiceActivity"]["type"] for message in client.messages if "voiceActivity" in message]
            assert activity == ["ACTIVITY_START", "ACTIVITY_END"][:reports]

    @pytest.mark.parametrize("signal", [Client.start, Client.end])
    def test_does_not_bear_the_clients_signals(self, signal: Callable[[Client], None]) -> None:
        client = self.client()
        signal(client)
        assert isinstance(client.ending, Close)
        assert client.ending.code == 1007

    def test_in_manual_mode_finds_audio_stream_end_odd(self) -> None:
        client = Client.ready(service())
        client.realtime(audioStreamEnd=True)
        assert client.service.sessions["s1"].oddities == {"audio_stream_end_in_manual_mode": 1}
