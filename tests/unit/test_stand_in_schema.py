"""The stand-in's table of the client's fields, against Google's protobuf: every difference is named."""

from __future__ import annotations

import pytest
from google.ai.generativelanguage_v1beta.types import generative_service
from google.protobuf.descriptor import Descriptor, FieldDescriptor

from daemon.rehearsal.stand_in.fields import snake
from daemon.rehearsal.stand_in.schema import ENUMS
from daemon.rehearsal.stand_in.schema import MESSAGES as TABLE

ONLY_OURS = {
    "Setup": {"proactivity", "historyConfig", "safetySettings"},
    "GenerationConfig": {"enableAffectiveDialog"},
    "ThinkingConfig": {"thinkingLevel"},
    "AudioTranscriptionConfig": {
        "languageCodes", "customVocabulary", "wordTimestamp", "diarization", "mode", "sourceText",
    },
}  # fmt: skip
"""Fields that the service takes and the protobuf lacks."""
ONLY_THEIRS = {
    "GenerationConfig": {
        "stopSequences", "responseMimeType", "responseSchema", "responseJsonSchema", "responseJsonSchemaOrdered",
        "responseLogprobs", "logprobs", "enableEnhancedCivicAnswers", "imageConfig",
    },
    "SpeechConfig": {"multiSpeakerVoiceConfig"},
    "Part": {"fileData", "executableCode", "codeExecutionResult", "videoMetadata", "partMetadata"},
    "FunctionResponse": {"parts"},
    "Tool": {"googleSearchRetrieval", "computerUse", "fileSearch"},
}  # fmt: skip
"""Fields of the protobuf that have no meaning in a live session, and that the stand-in refuses."""
SCALARS = {
    FieldDescriptor.TYPE_STRING: "string",
    FieldDescriptor.TYPE_BOOL: "bool",
    FieldDescriptor.TYPE_BYTES: "bytes",
    FieldDescriptor.TYPE_INT32: "int",
    FieldDescriptor.TYPE_INT64: "int",
    FieldDescriptor.TYPE_FLOAT: "float",
    FieldDescriptor.TYPE_DOUBLE: "float",
}


def described() -> dict[str, Descriptor]:
    """Return our message names with the protobuf's descriptors, found by walking both together from the top."""
    found = {"ClientMessage": generative_service.BidiGenerateContentClientMessage.pb().DESCRIPTOR}
    waiting = ["ClientMessage"]
    while waiting:
        name = waiting.pop()
        theirs = {field.json_name: field for field in found[name].fields}
        for field, kind in TABLE[name].items():
            inner = kind.strip("[]{}")
            if field in theirs and inner in TABLE and inner not in found:
                found[inner] = value_type(theirs[field])
                waiting.append(inner)
    return found


def value_type(field: FieldDescriptor) -> Descriptor:
    descriptor = field.message_type
    return descriptor.fields_by_name["value"].message_type if descriptor.GetOptions().map_entry else descriptor


MEANT = described()


class TestTheTable:
    def test_reaches_every_message_but_those_that_only_the_service_knows(self) -> None:
        assert set(TABLE) - set(MEANT) == {"ProactivityConfig", "HistoryConfig", "SafetySetting"}

    @pytest.mark.parametrize("name", sorted(set(MEANT) - {"Empty"}))
    def test_has_the_protobufs_fields_and_the_named_differences(self, name: str) -> None:
        theirs = {field.json_name for field in MEANT[name].fields}
        assert set(TABLE[name]) - theirs == ONLY_OURS.get(name, set())
        assert theirs - set(TABLE[name]) == ONLY_THEIRS.get(name, set())

    @pytest.mark.parametrize("name", sorted(MEANT))
    def test_has_the_protobufs_kinds(self, name: str) -> None:
        for field in MEANT[name].fields:
            kind = TABLE[name].get(field.json_name)
            if kind is None:
                continue
            assert snake(field.json_name) == field.name.rstrip("_")  # Python's proto says type_
            inner = kind.strip("[]{}")
            assert kind.startswith("[") is (field.is_repeated and not kind.startswith("{")), field.json_name
            if field.enum_type is not None:
                theirs = {value.name for value in field.enum_type.values}
                assert set(ENUMS[inner]) - theirs <= {"TURN_INCLUDES_AUDIO_ACTIVITY_AND_ALL_VIDEO"}
                assert theirs <= set(ENUMS[inner])
            elif field.message_type is None:
                assert inner == SCALARS[field.type], field.json_name
            elif field.message_type.file.package == "google.protobuf":
                assert inner == {"Struct": "struct", "Value": "any"}[field.message_type.name]
            else:
                assert inner in TABLE
