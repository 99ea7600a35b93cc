"""The phrases: asked for in the right language, and only what was asked for is kept."""

from __future__ import annotations

import stat
from dataclasses import replace
from pathlib import Path

import pytest

from daemon.announcing.phrase_store import FOLDER, PhraseStore
from daemon.announcing.phrases import Phrase, Speaker, said_twice, trimmed
from daemon.rehearsal.voices import answer
from hardware.pcm import DOWN, level_dbfs

SPEAKER = Speaker("gemini-3.8-live", "Puck", "en-US")
SPEECH = answer()[: DOWN.bytes_in(2.0)]


@pytest.mark.parametrize("phrase", Phrase)
def test_a_phrase_that_is_said_as_asked_for_is_taken(phrase: Phrase) -> None:
    assert SPEAKER.mistake(phrase, SPEECH, f" {phrase.value.upper().rstrip('.')} ") is None


@pytest.mark.parametrize("phrase", Phrase)
def test_one_phrase_is_not_taken_for_another(phrase: Phrase) -> None:
    others = [other for other in Phrase if other is not phrase]
    assert [SPEAKER.mistake(phrase, SPEECH, other.value) for other in others] == ["words"] * len(others)


@pytest.mark.parametrize(
    ("language", "pcm", "transcript", "mistake"),
    [
        ("en-US", SPEECH, "Sure! I have no connection right now. If it comes back soon, I will answer.", None),
        ("en-US", SPEECH, "I'm sorry, but I cannot help you with that.", "words"),
        ("en-US", SPEECH, "", "words"),
        ("en-US", answer()[: DOWN.bytes_in(6.1)], Phrase.NO_NETWORK.value, "length"),
        ("en-US", answer()[: DOWN.bytes_in(0.4)], Phrase.NO_NETWORK.value, "length"),
        ("en-US", b"", Phrase.NO_NETWORK.value, "length"),
        ("en-US", b"\1\0" * 48_000, Phrase.NO_NETWORK.value, "silence"),
        ("de-DE", SPEECH, "Ich habe gerade keine Verbindung. Wenn sie bald wiederkommt, antworte ich.", None),
        ("", SPEECH, "现在没有网络连接。如果很快恢复,我会回答。", None),
        ("de-DE", SPEECH, "Hm?", "words"),
        ("", SPEECH, "Natürlich. " * 20, "words"),
    ],
)
def test_what_is_wrong_with_what_came(language: str, pcm: bytes, transcript: str, mistake: str | None) -> None:
    assert replace(SPEAKER, language=language).mistake(Phrase.NO_NETWORK, pcm, transcript) == mistake


def test_the_same_words_for_two_phrases_are_an_excuse() -> None:
    assert said_twice("Das kann ich leider nicht.", ["Etwas anderes.", "das kann ich leider nicht"])
    assert not said_twice("Das kann ich leider nicht.", [])


def test_the_language_is_the_owners_or_else_that_of_the_answers() -> None:
    german, unknown = replace(SPEAKER, language="de-DE"), replace(SPEAKER, language="")
    sample = "Es ist halb vier."
    assert sample in unknown.request(Phrase.NO_NETWORK, sample)
    assert '"de-DE"' in german.request(Phrase.NO_NETWORK, sample)
    assert sample not in german.request(Phrase.NO_NETWORK, sample)
    assert all(f'"{phrase.value}"' in SPEAKER.request(phrase, sample) for phrase in Phrase)
    assert len(unknown.request(Phrase.NO_NETWORK, "word " * 10_000)) < 600


def test_another_voice_another_model_and_another_language_are_asked_anew() -> None:
    others = [replace(SPEAKER, voice="Kore"), replace(SPEAKER, model="m"), replace(SPEAKER, language="fr-FR")]
    marks = {one.fingerprint(phrase) for one in (SPEAKER, *others) for phrase in Phrase}
    assert len(marks) == 4 * len(Phrase)


def test_silence_around_it_is_cut_and_nothing_of_it_is() -> None:
    padded = DOWN.silence * 40 + SPEECH + DOWN.silence * 60
    cut = trimmed(padded)
    assert len(cut) % DOWN.frame_bytes == 0
    assert DOWN.seconds(len(cut)) < 2.0 + 0.14
    loud = [
        at for at in range(0, len(SPEECH), DOWN.frame_bytes) if level_dbfs(SPEECH[at : at + DOWN.frame_bytes]) > -40
    ]
    assert SPEECH[loud[0] : loud[-1] + DOWN.frame_bytes] in cut
    assert trimmed(DOWN.silence * 10) == DOWN.silence * 10  # for `mistake` to judge
    assert trimmed(b"") == b""


class TestTheStore:
    def test_what_was_kept_is_there_after_a_restart_for_this_voice_alone(self, tmp_path: Path) -> None:
        for phrase in (Phrase.NO_NETWORK, Phrase.DAILY_LIMIT):
            PhraseStore(tmp_path).write(phrase, SPEAKER, SPEECH)
        assert PhraseStore(tmp_path).kept(SPEAKER) == {Phrase.NO_NETWORK: SPEECH, Phrase.DAILY_LIMIT: SPEECH}
        assert PhraseStore(tmp_path).kept(replace(SPEAKER, voice="Kore")) == {}

    def test_another_voice_takes_the_place_of_the_first_and_foreign_files_stay(self, tmp_path: Path) -> None:
        store = PhraseStore(tmp_path)
        store.write(Phrase.NO_NETWORK, SPEAKER, SPEECH)
        store.write(Phrase.KEY_REFUSED, SPEAKER, SPEECH)
        (tmp_path / FOLDER / "notes.txt").write_text("mine")
        store.write(Phrase.NO_NETWORK, replace(SPEAKER, voice="Kore"), SPEECH)
        names = sorted(path.name.partition("-")[0] for path in (tmp_path / FOLDER).iterdir())
        assert names == ["key_refused", "no_network", "notes.txt"]

    def test_only_the_service_reads_it(self, tmp_path: Path) -> None:
        PhraseStore(tmp_path).write(Phrase.NO_NETWORK, SPEAKER, SPEECH)
        (path,) = (tmp_path / FOLDER).iterdir()
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700

    @pytest.mark.parametrize(
        "spoil",
        [
            lambda content: content[:-1000],
            lambda content: content[:20],
            lambda _: b"",
            lambda content: b"\0" * len(content),
            lambda content: content[:24] + (16_000).to_bytes(4, "little") + content[28:],
            lambda content: content[:22] + b"\2\0" + content[24:],
            lambda content: content + b"\0" * 400_000,
        ],
    )
    def test_what_is_damaged_is_not_played_and_can_be_replaced(self, tmp_path: Path, spoil: object) -> None:
        store = PhraseStore(tmp_path)
        store.write(Phrase.NO_NETWORK, SPEAKER, SPEECH)
        (path,) = (tmp_path / FOLDER).iterdir()
        path.write_bytes(spoil(path.read_bytes()))  # type: ignore[operator]  # one of the functions above
        assert store.kept(SPEAKER) == {}
        store.write(Phrase.NO_NETWORK, SPEAKER, SPEECH)
        assert store.kept(SPEAKER) == {Phrase.NO_NETWORK: SPEECH}

    def test_a_folder_that_is_not_there_is_not_made(self, tmp_path: Path) -> None:
        store = PhraseStore(tmp_path / "missing")
        assert not store.usable()
        assert store.kept(SPEAKER) == {}
        with pytest.raises(FileNotFoundError):
            store.write(Phrase.NO_NETWORK, SPEAKER, SPEECH)
