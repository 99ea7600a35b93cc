"""The service's messages, as the SDK makes them from the JSON of live-api.md section 2, read into our events."""

from __future__ import annotations

import base64
import re
from typing import Any

import pytest
from google.genai import _live_converters, types
from google.protobuf import duration_pb2
from hypothesis import given
from hypothesis import strategies as st

from daemon.live.downward import (
    Audio,
    Busy,
    Downward,
    Generated,
    GoAway,
    Grounded,
    Handle,
    Heard,
    HeardSoFar,
    Idle,
    Interrupted,
    Said,
    SetupDone,
    ToolCall,
    ToolCalls,
    ToolCallsCancelled,
    TurnDone,
    Unknown,
    UsageReport,
)
from daemon.live.wire import read

RATED = "audio/pcm;rate=24000"


def events(message: dict[str, Any]) -> tuple[Downward, ...]:
    """Read `message` in the steps of `google.genai.live.AsyncSession._receive`."""
    known = _live_converters._LiveServerMessage_from_mldev(message)
    return read(types.LiveServerMessage._from_response(response=known, kwargs={}))


def content(**fields: Any) -> dict[str, Any]:
    """A serverContent message."""
    return {"serverContent": fields}


def part(pcm: bytes, mime_type: str = RATED) -> dict[str, Any]:
    """One part with sound in it."""
    return {"inlineData": {"mimeType": mime_type, "data": base64.b64encode(pcm).decode()}}


def turn(*parts: dict[str, Any]) -> dict[str, Any]:
    """A serverContent message with these parts."""
    return content(modelTurn={"parts": list(parts)})


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ({}, ()),
        ({"setupComplete": {}}, (SetupDone(""),)),
        ({"setupComplete": {"sessionId": "s1"}}, (SetupDone("s1"),)),
        (content(), ()),
        (content(interrupted=True), (Interrupted(),)),
        (content(interrupted=False, turnComplete=False, generationComplete=False), ()),
        (content(generationComplete=True), (Generated(),)),
        (content(turnComplete=True), (TurnDone(""),)),
        (
            content(turnComplete=True, turnCompleteReason="MALFORMED_FUNCTION_CALL"),
            (TurnDone("MALFORMED_FUNCTION_CALL"),),
        ),
        (content(turnComplete=True, turnCompleteReason="TURN_COMPLETE_REASON_UNSPECIFIED"), (TurnDone(""),)),
        (content(turnComplete=True, interactionStatus="IN_PROGRESS"), (TurnDone(""), Busy())),
        (content(turnComplete=True, interactionStatus="IDLE"), (TurnDone(""), Idle())),
        (content(interactionStatus="IDLE"), (Idle(),)),
        (content(interactionStatus="REQUIRES_ACTION"), (Idle(),)),
        (content(interactionStatus="INTERACTION_STATUS_UNSPECIFIED"), ()),
        (content(inputTranscription={"text": "hi"}), (Heard("hi", finished=False),)),
        (content(inputTranscription={"text": "hi", "finished": True}), (Heard("hi", finished=True),)),
        (content(inputTranscription={"finished": True}), (Heard("", finished=True),)),
        (content(inputTranscription={}), ()),
        (content(interimInputTranscription={"text": "h"}), (HeardSoFar("h"),)),
        (content(outputTranscription={"text": "yes"}), (Said("yes"),)),
        (content(outputTranscription={"finished": True}), ()),
        (content(waitingForInput=True), ()),
        (content(groundingMetadata={"webSearchQueries": ["q"]}), ()),
        (
            content(
                groundingMetadata={
                    "groundingChunks": [
                        {"web": {"uri": "https://a.example/x", "title": "a.example"}},
                        {"web": {"uri": "https://a.example/y", "title": "a.example"}},
                        {"web": {"uri": "https://b.example/z"}},
                        {},
                    ]
                }
            ),
            (Grounded(("a.example", "https://b.example/z")),),
        ),
        ({"voiceActivity": {"type": "ACTIVITY_START", "audioOffset": "1.2s"}}, ()),
        ({"toolCallCancellation": {"ids": ["a", "b"]}}, (ToolCallsCancelled(("a", "b")),)),
        ({"sessionResumptionUpdate": {"newHandle": "Cih", "resumable": True}}, (Handle("Cih", resumable=True),)),
        ({"sessionResumptionUpdate": {}}, (Handle(None, resumable=False),)),
        ({"sessionResumptionUpdate": {"newHandle": "", "resumable": False}}, (Handle(None, resumable=False),)),
        ({"sessionResumptionUpdate": {"resumable": True}}, (Handle(None, resumable=True),)),
        ({"goAway": {"timeLeft": "50s"}}, (GoAway(50.0),)),
        ({"goAway": {}}, (GoAway(None),)),
    ],
)
def test_each_message_of_the_wire(message: dict[str, Any], expected: tuple[Downward, ...]) -> None:
    assert events(message) == expected


@given(parts=st.lists(st.binary(max_size=50)))
def test_every_part_is_heard_and_in_order(parts: list[bytes]) -> None:
    """Several parts in a message are usual; playing the first alone loses sound (live-api.md 0.13)."""
    heard = events(turn(*(part(pcm) for pcm in parts)))
    assert all(isinstance(event, Audio) for event in heard)
    assert b"".join(event.pcm for event in heard if isinstance(event, Audio)) == b"".join(parts)


@pytest.mark.parametrize(
    "mime_type", ["audio/pcm;rate=24000", "audio/pcm; rate=24000", "audio/pcm", "Audio/PCM", "audio/pcm;channels=1"]
)
def test_our_format_is_heard(mime_type: str) -> None:
    assert events(turn(part(b"\1\0", mime_type))) == (Audio(b"\1\0"),)


@pytest.mark.parametrize("mime_type", ["audio/pcm;rate=16000", "audio/pcm;rate=240000", "audio/opus", "image/jpeg", ""])
def test_another_format_is_noise_and_not_heard(mime_type: str) -> None:
    assert events(turn(part(b"\1\0", mime_type))) == (Unknown(f"inline data of type {mime_type}"),)


def test_thoughts_are_not_heard() -> None:
    """Neither as words nor, should they ever sound, as sound."""
    assert events(turn({"text": "hm", "thought": True}, part(b"\1\0") | {"thought": True}, part(b"\2\0"))) == (
        Audio(b"\2\0"),
    )


def test_parts_that_we_cannot_use_are_named_without_their_content() -> None:
    assert events(turn({"text": "secret"}, {"futurePart": {"a": 1}})) == (
        Unknown("a part with text"),
        Unknown("a part with nothing known"),
    )


def test_content_comes_before_the_end_it_arrives_with() -> None:
    """Sound beside `interrupted` belongs to what was interrupted, so it must be there to be flushed."""
    message = content(
        modelTurn={"parts": [part(b"\1\0")]},
        inputTranscription={"text": "stop"},
        outputTranscription={"text": "one"},
        interrupted=True,
        generationComplete=True,
        turnComplete=True,
        interactionStatus="IDLE",
    )
    message |= {
        "usageMetadata": {"totalTokenCount": 3},
        "sessionResumptionUpdate": {"newHandle": "h", "resumable": True},
        "goAway": {"timeLeft": "1.5s"},
    }
    assert [type(event) for event in events(message)] == [
        Heard,
        Audio,
        Said,
        Interrupted,
        Generated,
        UsageReport,
        TurnDone,
        Idle,
        Handle,
        GoAway,
    ]


def test_tool_calls_keep_their_ids_and_arguments() -> None:
    message = {"toolCall": {"functionCalls": [{"id": "c1", "name": "set_volume", "args": {"percent": 30}}]}}
    assert events(message) == (ToolCalls((ToolCall("c1", "set_volume", {"percent": 30}),)),)


def test_a_tool_call_that_cannot_be_answered_is_not_one() -> None:
    """The answer must bear the call's id (live-api.md 4)."""
    message = {"toolCall": {"functionCalls": [{"name": "f"}, {"id": "c2", "name": "g"}, {"id": "c3"}]}}
    nameless = Unknown("a tool call without id or name")
    assert events(message) == (ToolCalls((ToolCall("c2", "g", {}),)), nameless, nameless)


def test_usage_beside_the_end_of_a_turn() -> None:
    message = content(turnComplete=True) | {
        "usageMetadata": {
            "promptTokenCount": 120,
            "responseTokenCount": 50,
            "thoughtsTokenCount": 7,
            "toolUsePromptTokenCount": 2,
            "totalTokenCount": 179,
            "promptTokensDetails": [{"modality": "AUDIO", "tokenCount": 100}, {"modality": "TEXT", "tokenCount": 20}],
            "responseTokensDetails": [{"modality": "AUDIO", "tokenCount": 50}],
        }
    }
    report, done = events(message)
    assert done == TurnDone("")
    assert report == UsageReport(120, 50, 7, 2, 179, (("AUDIO", 100), ("TEXT", 20)), (("AUDIO", 50),))
    assert report.counts() == {
        "prompt": 120,
        "response": 50,
        "thoughts": 7,
        "tool_prompt": 2,
        "total": 179,
        "prompt_audio": 100,
        "prompt_text": 20,
        "response_audio": 50,
    }


@given(modality=st.text(max_size=20))
def test_counts_have_names_that_a_journal_takes(modality: str) -> None:
    """Modalities are the service's to invent; fields of the journal are not."""
    report = UsageReport(1, 0, 0, 0, 1, ((modality, 4),), ())
    assert all(re.fullmatch("[a-z][a-z0-9_]*", name) for name in report.counts())
    assert sum(report.counts().values()) == 6


def test_an_empty_usage_counts_nothing() -> None:
    (report,) = events({"usageMetadata": {}})
    assert isinstance(report, UsageReport)
    assert report.counts() == {}


@pytest.mark.filterwarnings("ignore:.* is not a valid:UserWarning")
def test_values_and_fields_that_are_newer_than_the_sdk() -> None:
    """The SDK drops unknown fields, and makes enum members of unknown values (with a warning)."""
    message = content(turnComplete=True, turnCompleteReason="BORED", interactionStatus="DREAMING", mood="good")
    message |= {"usageMetadata": {"promptTokensDetails": [{"modality": "SMELL", "tokenCount": 2}, {"tokenCount": 1}]}}
    report, *rest = events(message)
    assert rest == [TurnDone("BORED"), Unknown("interaction status DREAMING")]
    assert isinstance(report, UsageReport)
    assert report.counts() == {"prompt_smell": 2, "prompt_other": 1}


@pytest.mark.parametrize(("text", "seconds"), [("-3s", 0.0), ("0s", 0.0), ("1e3s", None), ("50", None), ("s", None)])
def test_what_is_hardly_a_duration(text: str, seconds: float | None) -> None:
    assert events({"goAway": {"timeLeft": text}}) == (GoAway(seconds),)


@given(nanos=st.integers(0, 600 * 10**9))
def test_every_duration_that_protobuf_writes_is_read(nanos: int) -> None:
    duration = duration_pb2.Duration()
    duration.FromNanoseconds(nanos)
    (leaving,) = events({"goAway": {"timeLeft": duration.ToJsonString()}})
    assert isinstance(leaving, GoAway)
    assert leaving.time_left_s == pytest.approx(nanos / 1e9)


def test_nothing_private_is_in_a_repr() -> None:
    """A `repr` may end in the journal; words, sound and handles must not."""
    message = turn(part(b"secret")) | {"sessionResumptionUpdate": {"newHandle": "secret", "resumable": True}}
    message["serverContent"] |= {"inputTranscription": {"text": "secret"}, "outputTranscription": {"text": "secret"}}
    message |= {"toolCall": {"functionCalls": [{"id": "1", "name": "f", "args": {"a": "secret"}}]}}
    assert len(events(message)) == 5
    assert "secret" not in repr(events(message))
