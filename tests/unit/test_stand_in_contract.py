"""The stand-in against two independent descriptions of the protocol: Google's protobuf, and google-genai's types.

What the protobuf lacks is named here, field by field (live-api.md 3); everything else has to fit it to the letter.
"""

from __future__ import annotations

import asyncio
import copy
import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from functools import cache
from typing import Any

import pytest
from google import genai
from google.ai.generativelanguage_v1beta.types import generative_service
from google.genai import live, types
from google.protobuf import json_format

from daemon.rehearsal.stand_in.answer import Answer, Call, Pacing
from daemon.rehearsal.stand_in.conduct import Manners
from daemon.rehearsal.stand_in.faults import Faults, GoAway, Handles, Moment, Strike
from daemon.rehearsal.stand_in.models import MODELS
from hardware.pcm import UP
from tests.support.known_sound import known_sound
from tests.support.live_client import ANSWER, Client, service

Message = dict[str, Any]

SERVER_GAPS = ("serverContent.turnCompleteReason", "serverContent.interactionStatus", "voiceActivity")
CLIENT_GAPS = (
    "setup.generationConfig.thinkingConfig.thinking_level",
    "setup.generationConfig.enableAffectiveDialog",
    "setup.proactivity",
    "setup.historyConfig",
    "setup.safetySettings",
    "setup.realtimeInputConfig.turn_coverage",  # only its newest value
    "setup.inputAudioTranscription.language_codes",
)


def parse(message: Message, kind: type[Any], gaps: tuple[str, ...] = ()) -> None:
    """Parse as Google's protobuf does, after taking out what it does not know.

    Raises:
        json_format.ParseError: It does not fit.
    """
    message = copy.deepcopy(message)
    for gap in gaps:
        take_out(message, gap)
    json_format.ParseDict(message, kind.pb()(), ignore_unknown_fields=False)


def take_out(message: Message, path: str) -> bool:
    """Remove one field; return whether it was there."""
    *above, name = path.split(".")
    for step in above:
        message = message.get(step, {})
    return message.pop(name, None) is not None


def as_the_sdk_names_it(message: Message) -> Message:
    """Return `message` with the one field that has another name in the SDK than on the wire."""
    activity = message.get("voiceActivity")
    if activity is None:
        return message
    return {"voiceActivity": {"audioOffset": activity["audioOffset"], "voiceActivityType": activity["type"]}}


# --- what the service says -------------------------------------------------------------------------------------------


def talks() -> Iterator[Client]:
    """Everything the stand-in can say, by having it said."""
    for model in MODELS:
        client = Client.ready(service(pacing=Pacing(stray_frames=0.5)), model=model, inputAudioTranscription={})
        for _ in range(2):
            client.ask(known_sound(UP, 0.3))
            client.wait(1.2)
        client.realtime(video={"data": "/9g=", "mimeType": "image/jpeg"})
        client.until(700.0)
        yield client
    for handles in Handles:
        for resumption in (Message(), None):
            faults = Faults(handles=handles, strikes=(Strike(Moment.ANSWER_CHUNK, (GoAway(12.5, None),)),))
            client = Client.ready(service(faults=faults), sessionResumption=resumption)
            client.ask()
            client.wait(10.0)
            yield client
    yield from (calling("BLOCKING"), calling("NON_BLOCKING"), listening())
    client = Client.ready(service(answer=Answer(b"", reason="MALFORMED_FUNCTION_CALL")))
    client.ask()
    client.wait(5.0)
    yield client


def calling(behavior: str) -> Client:
    answer = Answer(ANSWER.pcm, calls=(Call("f", {"a": [1, {"b": None}]}), Call("f")))
    declarations = [{"functionDeclarations": [{"name": "f", "behavior": behavior}]}]
    client = Client.ready(service(answer=answer, manners=Manners(cancels_calls=True)), tools=declarations)
    client.ask()
    client.wait(2.0)
    client.start()
    client.wait(2.0)
    return client


def listening() -> Client:
    client = Client.ready(service(), model="gemini-3.1-flash-live-preview", realtimeInputConfig={})
    client.speak(known_sound(UP, 0.5) + bytes(32_000))
    client.wait(5.0)
    return client


@cache
def corpus() -> tuple[Message, ...]:
    said = {json.dumps(message): message for client in talks() for message in client.messages}
    return tuple(said.values())


class TestWhatTheServiceSays:
    def test_is_everything_that_it_can_say(self) -> None:
        fields = {
            f"{name}.{inner}"
            for message in corpus()
            for name, value in message.items()
            for inner in (value if isinstance(value, dict) else {})
        } | {name for message in corpus() for name in message}
        assert fields >= {
            "setupComplete", "toolCall.functionCalls", "toolCallCancellation.ids", "goAway.timeLeft", "usageMetadata",
            "sessionResumptionUpdate.newHandle", "sessionResumptionUpdate.resumable", "voiceActivity.type",
            "serverContent.modelTurn", "serverContent.generationComplete", "serverContent.turnComplete",
            "serverContent.interrupted", "serverContent.inputTranscription", "serverContent.outputTranscription",
            "serverContent.turnCompleteReason", "serverContent.interactionStatus",
        }  # fmt: skip

    def test_fits_the_protobuf(self) -> None:
        for message in corpus():
            parse(message, generative_service.BidiGenerateContentServerMessage, SERVER_GAPS)

    @pytest.mark.parametrize("gap", SERVER_GAPS)
    def test_misses_it_only_where_it_is_known_to_lag(self, gap: str) -> None:
        having = [message for message in corpus() if take_out(copy.deepcopy(message), gap)]
        assert having
        for message in having:
            with pytest.raises(json_format.ParseError):
                parse(message, generative_service.BidiGenerateContentServerMessage)

    def test_fits_the_types_of_the_sdk_without_an_unknown_field(self) -> None:
        for message in corpus():
            types.LiveServerMessage.model_validate_json(json.dumps(as_the_sdk_names_it(message)))

    def test_carries_the_sound_to_the_sdk(self) -> None:
        client = Client.ready(service())
        client.ask()
        client.wait(5.0)
        contents = [types.LiveServerMessage.model_validate_json(json.dumps(message)) for message in client.messages]
        sound = b"".join(
            part.inline_data.data
            for message in contents
            if message.server_content and message.server_content.model_turn
            for part in message.server_content.model_turn.parts or ()
            if part.inline_data and part.inline_data.data
        )
        assert sound == ANSWER.pcm


# --- what the SDK says -----------------------------------------------------------------------------------------------


class Wire:
    """What google-genai takes for a WebSocket: keeps what is sent."""

    def __init__(self) -> None:
        self.sent: list[str] = []

    async def send(self, frame: str) -> None:
        self.sent.append(frame)

    async def recv(self, decode: bool | None = None) -> bytes:
        return b'{"setupComplete": {}}'


def lawful() -> types.LiveConnectConfig:
    """Everything that gemini-3.8-live takes."""
    detection = types.AutomaticActivityDetection(
        disabled=True,
        silence_duration_ms=500,
        prefix_padding_ms=20,
        start_of_speech_sensitivity=types.StartSensitivity.START_SENSITIVITY_LOW,
        end_of_speech_sensitivity=types.EndSensitivity.END_SENSITIVITY_HIGH,
    )
    function = types.FunctionDeclaration(
        name="set_volume",
        description="Sets the volume.",
        behavior=types.Behavior.NON_BLOCKING,
        parameters=types.Schema(
            type=types.Type.OBJECT,
            properties={"percent": types.Schema(type=types.Type.INTEGER, minimum=0, maximum=100)},
            required=["percent"],
        ),
    )
    return types.LiveConnectConfig(
        response_modalities=[types.Modality.AUDIO],
        temperature=0.7,
        top_p=0.9,
        top_k=40,
        max_output_tokens=100,
        seed=3,
        media_resolution=types.MediaResolution.MEDIA_RESOLUTION_LOW,
        speech_config=types.SpeechConfig(
            voice_config=types.VoiceConfig(prebuilt_voice_config=types.PrebuiltVoiceConfig(voice_name="Puck")),
            language_code="en-US",
        ),
        system_instruction="Be brief.",
        tools=[types.Tool(google_search=types.GoogleSearch()), types.Tool(function_declarations=[function])],
        session_resumption=types.SessionResumptionConfig(),
        input_audio_transcription=types.AudioTranscriptionConfig(language_codes=["en-US"]),
        output_audio_transcription=types.AudioTranscriptionConfig(),
        realtime_input_config=types.RealtimeInputConfig(
            automatic_activity_detection=detection,
            activity_handling=types.ActivityHandling.START_OF_ACTIVITY_INTERRUPTS,
            turn_coverage=types.TurnCoverage.TURN_INCLUDES_AUDIO_ACTIVITY_AND_ALL_VIDEO,
        ),
        context_window_compression=types.ContextWindowCompressionConfig(
            trigger_tokens=25_600, sliding_window=types.SlidingWindow(target_tokens=12_800)
        ),
        proactivity=types.ProactivityConfig(proactive_audio=True),
        history_config=types.HistoryConfig(initial_history_in_client_content=True),
        safety_settings=[
            types.SafetySetting(
                category=types.HarmCategory.HARM_CATEGORY_HARASSMENT, threshold=types.HarmBlockThreshold.BLOCK_NONE
            )
        ],
    )


async def say_everything(session: live.AsyncSession) -> None:
    await session.send_client_content(
        turns=types.Content(role="user", parts=[types.Part(text="a")]), turn_complete=False
    )
    await session.send_client_content(turn_complete=True)
    await session.send_realtime_input(activity_start=types.ActivityStart())
    await session.send_realtime_input(audio=types.Blob(data=bytes(range(200, 240)), mime_type="audio/pcm;rate=16000"))
    await session.send_realtime_input(video=types.Blob(data=b"\xff\xd8", mime_type="image/jpeg"))
    await session.send_realtime_input(activity_end=types.ActivityEnd())
    await session.send_realtime_input(text="hello")
    await session.send_realtime_input(audio_stream_end=True)
    await session.send_tool_response(
        function_responses=types.FunctionResponse(
            id="c1",
            name="set_volume",
            response={"output": "ok"},
            will_continue=False,
            scheduling=types.FunctionResponseScheduling.WHEN_IDLE,
        )
    )


SdkSays = Callable[[types.LiveConnectConfig], list[Message]]


@pytest.fixture
def sdk_says(monkeypatch: pytest.MonkeyPatch) -> SdkSays:
    """Return the frames that google-genai really sends. Its socket is the one seam without a fake of its own."""

    def frames(config: types.LiveConnectConfig) -> list[Message]:
        wire = Wire()

        @asynccontextmanager
        async def connect(uri: str, **_: object) -> AsyncIterator[Wire]:
            yield wire

        async def talk() -> None:
            client = genai.Client(api_key="x", http_options=types.HttpOptions(api_version="v1beta"))
            async with client.aio.live.connect(model="gemini-3.8-live", config=config) as session:
                await say_everything(session)
            await client.aio.aclose()

        monkeypatch.setattr(live, "ws_connect", connect)
        asyncio.run(talk())
        return [json.loads(frame) for frame in wire.sent]

    return frames


class TestWhatTheSdkSays:
    def test_fits_the_protobuf_and_the_stand_in(self, sdk_says: SdkSays) -> None:
        client = Client(service())
        for frame in sdk_says(lawful()):
            parse(frame, generative_service.BidiGenerateContentClientMessage, CLIENT_GAPS)
            client.send(frame)
            assert client.ending is None, frame
        [session] = client.service.sessions.values()
        assert session.oddities == {"audio_stream_end_in_manual_mode": 1, "response_to_no_call": 1}
        assert [turn.heard_bytes for turn in session.turns] == [40, 0]

    @pytest.mark.parametrize(
        ("also", "name"),
        [
            ({"thinking_config": types.ThinkingConfig(thinking_level=types.ThinkingLevel.LOW)}, "thinking_config"),
            ({"enable_affective_dialog": True}, "enable_affective_dialog"),
            ({"proactivity": types.ProactivityConfig(proactive_audio=False)}, "proactive_audio"),
        ],
    )
    def test_is_refused_by_the_stand_in_where_the_model_would(
        self, sdk_says: SdkSays, also: dict[str, Any], name: str
    ) -> None:
        setup = sdk_says(lawful().model_copy(update=also))[0]
        parse(setup, generative_service.BidiGenerateContentClientMessage, CLIENT_GAPS)
        client = Client(service())
        client.send(setup)
        assert name in str(client.ending)

    @pytest.mark.parametrize("gap", CLIENT_GAPS)
    def test_misses_the_protobuf_only_where_that_is_known_to_lag(self, sdk_says: SdkSays, gap: str) -> None:
        extras = {
            "thinking_config": types.ThinkingConfig(thinking_level=types.ThinkingLevel.LOW),
            "enable_affective_dialog": True,
        }
        setup = sdk_says(lawful().model_copy(update=extras))[0]
        with pytest.raises(json_format.ParseError):
            parse(setup, generative_service.BidiGenerateContentClientMessage, tuple(set(CLIENT_GAPS) - {gap}))
