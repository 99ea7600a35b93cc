"""What the stand-in service accepts: paths, keys, fields, and setups by model (live-api.md 1.9, 2)."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.rehearsal.stand_in.fields import group, read
from daemon.rehearsal.stand_in.messages import Close
from daemon.rehearsal.stand_in.models import MODELS
from daemon.rehearsal.stand_in.service import Refusal, StandIn
from tests.support.live_client import KEY, PATH, Client, service, setup

LIVE = "gemini-3.8-live"
THINKING = "gemini-3.8-live-extended-thinking"
OLD = "gemini-3.1-flash-live-preview"
OLDER = "gemini-2.5-flash-native-audio-preview-12-2025"


NAMES = [
    "setup",
    "model",
    "tools",
    "realtimeInput",
    "audio",
    "data",
    "text",
    "clientContent",
    "turns",
    "parts",
    "generationConfig",
    "topK",
    "x",
]
SHAPES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=3),
)
"""JSON that is nearly a client message."""


def generation(**fields: Any) -> dict[str, Any]:
    return {"generationConfig": {"responseModalities": ["AUDIO"], **fields}}


def function(behavior: str) -> dict[str, Any]:
    return {"tools": [{"functionDeclarations": [{"name": "f", "behavior": behavior}]}]}


class TestTheDoor:
    @pytest.mark.parametrize("version", ["v1", "v1alpha", "v1beta"])
    def test_is_open_in_every_version(self, version: str) -> None:
        connection = service().connect(0.0, path=PATH.replace("v1beta", version), headers=KEY)
        assert not isinstance(connection, Refusal)
        assert connection.api_version == version

    @pytest.mark.parametrize(
        ("path", "headers"),
        [
            (PATH, {"X-Goog-Api-Key": "k"}),
            (f"{PATH}?key=k", {}),
            (f"{PATH}Constrained", {"Authorization": "Token auth_tokens/1"}),
            (f"{PATH}Constrained?access_token=auth_tokens/1", {}),
        ],
    )
    def test_opens_to_every_kind_of_key(self, path: str, headers: dict[str, str]) -> None:
        assert not isinstance(service().connect(0.0, path=path, headers=headers), Refusal)

    @pytest.mark.parametrize(
        ("path", "headers", "status"),
        [
            ("/", KEY, 404),
            (PATH.replace("v1beta", "v2"), KEY, 404),
            (f"{PATH}Constrained".replace("v1beta", "v1"), {"Authorization": "Token t"}, 404),
            (PATH, {}, 403),
            (f"{PATH}?key=", {}, 403),
            (f"{PATH}Constrained", {}, 403),
        ],
    )
    def test_stays_shut(self, path: str, headers: dict[str, str], status: int) -> None:
        refused = service().connect(0.0, path=path, headers=headers)
        assert isinstance(refused, Refusal)
        assert refused.status == status
        assert refused.body

    def test_can_be_told_which_keys_to_let_in(self) -> None:
        to = StandIn(service().conduct.dice, keys=frozenset({"right"}))
        assert not isinstance(to.connect(0.0, path=PATH, headers={"x-goog-api-key": "right"}), Refusal)
        refused = to.connect(0.0, path=PATH, headers={"x-goog-api-key": "wrong"})
        assert isinstance(refused, Refusal)
        assert refused.status == 401


class TestASetup:
    @pytest.mark.parametrize("model", MODELS)
    def test_of_the_plain_kind_is_good_for_every_model(self, model: str) -> None:
        assert Client.ready(service(), model=model).kinds() == ["setupComplete"]

    @pytest.mark.parametrize(
        ("model", "fields"),
        [
            (LIVE, {"proactivity": {"proactiveAudio": True}}),
            (LIVE, function("BLOCKING") | {"sessionResumption": None}),
            (LIVE, function("NON_BLOCKING")),
            (LIVE, {"tools": [{"googleSearch": {}}], "systemInstruction": {"parts": [{"text": "be brief"}]}}),
            (LIVE, generation(temperature=2, topP=0.5, topK=40.0, maxOutputTokens=100, seed=3)),
            (LIVE, generation(speechConfig={"voiceConfig": {"prebuiltVoiceConfig": {"voiceName": "Kore"}}})),
            (LIVE, generation(mediaResolution="MEDIA_RESOLUTION_LOW")),
            (LIVE, {"safetySettings": [{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_NONE"}]}),
            (LIVE, {"generationConfig": None}),
            (THINKING, generation(thinkingConfig={"thinkingLevel": "HIGH"})),
            (OLD, generation(thinkingConfig={"thinkingLevel": "MINIMAL"})),
            (OLDER, generation(thinkingConfig={"thinkingBudget": 0, "includeThoughts": True})),
        ],
    )
    def test_with_what_the_model_takes_is_good(self, model: str, fields: dict[str, Any]) -> None:
        assert Client.ready(service(), model=model, **fields).ending is None

    @pytest.mark.parametrize(
        ("model", "fields", "name"),
        [
            (LIVE, generation(thinkingConfig={}), "thinking_config"),
            (LIVE, generation(thinkingConfig={"thinkingLevel": "LOW"}), "thinking_config"),
            (LIVE, {"proactivity": {"proactiveAudio": False}}, "proactive_audio"),
            (LIVE, generation(enableAffectiveDialog=True), "enable_affective_dialog"),
            (LIVE, generation(responseModalities=["TEXT"]), "response_modalities"),
            (LIVE, generation(responseModalities=["AUDIO", "TEXT"]), "response_modalities"),
            (LIVE, {"tools": [{"codeExecution": {}}]}, "tools[0].code_execution"),
            (LIVE, {"tools": [{"googleSearch": {}}, {"urlContext": {}}]}, "tools[1].url_context"),
            (LIVE, generation(temperature=2.1), "temperature"),
            (LIVE, generation(maxOutputTokens=0), "max_output_tokens"),
            (
                LIVE,
                generation(speechConfig={"voiceConfig": {"prebuiltVoiceConfig": {"voiceName": "puck"}}}),
                "voice_name",
            ),
            (LIVE, {"contextWindowCompression": {"triggerTokens": 100, "slidingWindow": {}}}, "trigger_tokens"),
            (
                LIVE,
                {"contextWindowCompression": {"triggerTokens": 6000, "slidingWindow": {"targetTokens": 7000}}},
                "sliding_window.target_tokens",
            ),
            (
                LIVE,
                {"realtimeInputConfig": {"automaticActivityDetection": {"silenceDurationMs": -1}}},
                "silence_duration_ms",
            ),
            (THINKING, generation(), "thinking_level"),
            (THINKING, generation(thinkingConfig={"includeThoughts": True}), "thinking_level"),
            (THINKING, generation(thinkingConfig={"thinkingLevel": "MINIMAL"}), "thinking_level"),
            (THINKING, generation(thinkingConfig={"thinkingLevel": "LOW", "thinkingBudget": 1}), "thinking_budget"),
            (THINKING, function("BLOCKING"), "behavior"),
            (OLD, function("NON_BLOCKING"), "behavior"),
            (OLD, {"proactivity": {"proactiveAudio": True}}, "proactive_audio"),
            (OLD, generation(thinkingConfig={"thinkingBudget": 100}), "thinking_budget"),
            (OLDER, generation(thinkingConfig={"thinkingLevel": "LOW"}), "thinking_level"),
            (OLDER, generation(enableAffectiveDialog=True), "enable_affective_dialog"),
        ],
    )
    def test_with_what_the_model_does_not_take_is_refused_by_name(
        self, model: str, fields: dict[str, Any], name: str
    ) -> None:
        client = Client.ready(service(), model=model, **fields)
        assert client.kinds() == ["close"]
        assert isinstance(client.ending, Close)
        assert client.ending.code == 1007
        assert name in client.ending.reason

    def test_may_ask_an_older_model_for_more_in_v1alpha(self) -> None:
        connection = service().connect(0.0, path=PATH.replace("v1beta", "v1alpha"), headers=KEY)
        assert not isinstance(connection, Refusal)
        told = setup(OLDER, proactivity={"proactiveAudio": True}, **generation(enableAffectiveDialog=True))
        connection.receive(_frame({"setup": told}), 0.0)
        assert connection.poll(0.0) == [{"setupComplete": {}}]

    @pytest.mark.parametrize("model", ["models/gemini-9", "gemini-3.8-live", "tunedModels/x"])
    def test_for_an_unknown_model_is_refused_with_1008(self, model: str) -> None:
        client = Client(service())
        client.send({"setup": {"model": model}})
        assert isinstance(client.ending, Close)
        assert client.ending.code == 1008
        assert model in client.ending.reason

    def test_without_a_model_is_refused(self) -> None:
        client = Client(service())
        client.send({"setup": {}})
        assert client.ending == Close(1007, "setup.model: is required.")

    def test_has_to_come_first_and_once(self) -> None:
        early = Client(service())
        early.start()
        assert isinstance(early.ending, Close)
        assert early.ending.code == 1007
        twice = Client.ready(service())
        twice.set_up()
        assert isinstance(twice.ending, Close)
        assert twice.ending.code == 1007

    def test_that_is_refused_leaves_no_session(self) -> None:
        client = Client.ready(service(), model=LIVE, tools=[{"codeExecution": {}}])
        assert client.ending
        assert not client.service.sessions


class TestAFrame:
    @pytest.mark.parametrize(
        ("frame", "reason"),
        [
            (
                {"setup": {"modle": "x"}},
                "Invalid JSON payload received. Unknown name \"modle\" at 'setup': Cannot find field.",
            ),
            ({"setUp": {}}, 'Invalid JSON payload received. Unknown name "setUp": Cannot find field.'),
            (
                {"setup": {"generationConfig": {"speechConfig": {"voice": "Puck"}}}},
                "Unknown name \"voice\" at 'setup.generation_config.speech_config'",
            ),
            ({"setup": {"tools": [{}, {"search": {}}]}}, "Unknown name \"search\" at 'setup.tools[1]'"),
            ({"realtimeInput": {"activityStart": {"x": 1}}}, "Unknown name \"x\" at 'realtime_input.activity_start'"),
            ({"contextUpdate": {}}, 'Unknown name "contextUpdate"'),
            ({"setup": {"sessionResumption": {"transparent": True}}}, 'Unknown name "transparent"'),
            ({"setup": {"generationConfig": {"temperature": "warm"}}}, "'setup.generation_config.temperature' (float)"),
            ({"setup": {"generationConfig": {"topK": 1.5}}}, "'setup.generation_config.top_k' (int)"),
            ({"setup": {"generationConfig": {"topK": True}}}, "'setup.generation_config.top_k' (int)"),
            ({"setup": {"realtimeInputConfig": {"turnCoverage": "ALL"}}}, 'turn_coverage\' (TurnCoverage), "ALL"'),
            ({"setup": {"tools": {}}}, "'setup.tools' (Tool)"),
            ({"setup": []}, "'setup' (Setup)"),
            (
                {"realtimeInput": {"audio": {"data": "!", "mimeType": "audio/pcm"}}},
                "'realtime_input.audio.data' (TYPE_BYTES)",
            ),
            ({"realtimeInput": {"audioStreamEnd": 1}}, "'realtime_input.audio_stream_end' (bool)"),
            ({"setup": {"model": "a", "generationConfig": {"topP": 1, "top_p": 1}}}, 'Unknown name "top_p"'),
        ],
    )
    def test_with_anything_unknown_is_refused_by_name(self, frame: dict[str, Any], reason: str) -> None:
        client = Client(service())
        client.send(frame)
        assert isinstance(client.ending, Close)
        assert client.ending.code == 1007
        assert reason in client.ending.reason

    @pytest.mark.parametrize("frame", ["", "{", "null", "[]", "1", '{"setup": {}, "realtimeInput": {}}', "{}"])
    def test_that_is_no_message_is_refused(self, frame: str) -> None:
        client = Client.ready(service())
        client.send(frame)
        assert isinstance(client.ending, Close)
        assert client.ending.code == 1007

    def test_may_be_binary(self) -> None:
        client = Client(service())
        client.connection.receive(_frame({"setup": setup()}).encode(), 0.0)
        assert client.connection.poll(0.0) == [{"setupComplete": {}}]

    def test_that_is_not_utf_8_is_refused(self) -> None:
        client = Client(service())
        client.connection.receive(b"\xff\xfe\x00", 0.0)
        assert isinstance(client.connection.poll(0.0)[0], Close)

    @given(st.binary(max_size=100), st.booleans(), st.booleans(), st.booleans())
    def test_may_spell_names_and_base64_either_way(self, data: bytes, safe: bool, snake: bool, padded: bool) -> None:
        encoded = (base64.urlsafe_b64encode if safe else base64.b64encode)(data).decode()
        blob = {"data": encoded if padded else encoded.rstrip("="), "mime_type" if snake else "mimeType": "audio/pcm"}
        fields = read(_frame({"realtime_input" if snake else "realtimeInput": {"audio": blob}}))
        assert group(fields, "realtimeInput", "audio") == {"data": data, "mimeType": "audio/pcm"}

    @given(SHAPES)
    def test_of_any_shape_is_read_or_refused(self, value: object) -> None:
        client = Client(service())
        client.send(_frame(value))
        assert client.kinds() in ([], ["close"])
        assert client.ending is None or (isinstance(client.ending, Close) and client.ending.code in {1007, 1008})

    @pytest.mark.parametrize(
        ("fields", "reason"),
        [
            (
                {"mediaChunks": [{"data": "", "mimeType": "audio/pcm"}]},
                "realtime_input.media_chunks is deprecated. Use audio, video, or text instead.",
            ),
            ({"audio": {"data": "AAA=", "mimeType": "audio/ogg"}}, "realtime_input.audio.mime_type"),
            ({"audio": {"data": "AAA=", "mimeType": "audio/pcm;rate=4000"}}, "realtime_input.audio"),
            ({"audio": {"data": "AAAA", "mimeType": "audio/pcm"}}, "realtime_input.audio"),
            ({"video": {"data": "AAAA", "mimeType": "image/gif"}}, "realtime_input.video.mime_type"),
        ],
    )
    def test_of_media_that_it_does_not_take_is_refused(self, fields: dict[str, Any], reason: str) -> None:
        client = Client.ready(service())
        client.realtime(**fields)
        assert isinstance(client.ending, Close)
        assert client.ending.code == 1007
        assert reason in client.ending.reason

    def test_after_a_refusal_is_not_heard(self) -> None:
        client = Client(service())
        client.connection.receive("{", 0.0)
        client.connection.receive(_frame({"setup": setup()}), 0.0)
        assert [type(out) for out in client.connection.poll(0.0)] == [Close]
        assert not client.service.sessions


def _frame(value: object) -> str:
    return json.dumps(value)
