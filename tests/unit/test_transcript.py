"""Words on paper: what is written, who may read it, and how it reads."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
from pathlib import Path

import pytest

from daemon.errors import ExitStatus
from daemon.transcripts import transcript_file
from daemon.transcripts.transcript import Page, transcript
from daemon.transcripts.transcript_file import NAME, OLD_FILES, Speaker, TranscriptFile, Words


def written(folder: Path, *pieces: tuple[int, Speaker, str]) -> list[str]:
    """Have `pieces` written as a conversation would; return what the journal was told."""
    told: list[str] = []

    async def scene() -> None:
        file = TranscriptFile(folder, lambda event, **_: told.append(event))
        task = asyncio.ensure_future(file.run())
        await asyncio.sleep(0)
        for turn, who, text in pieces:
            file.add(turn, who, text)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task

    asyncio.run(scene())
    return told


def words(turn: int, who: Speaker, text: str, *, so_far: bool = False) -> Words:
    return Words("2026-11-23T12:00:01.250+01:00", turn, who, text, so_far)


def page(*pieces: Words, live: bool = False) -> str:
    out = io.StringIO()
    sheet = Page(out, live=live)
    for piece in pieces:
        sheet.add(piece)
    sheet.end()
    return out.getvalue()


class TestTheFile:
    def test_holds_a_line_for_each_piece_and_is_for_its_owner_alone(self, tmp_path: Path) -> None:
        assert written(tmp_path, (1, "user", "Wie sp\u00e4t "), (1, "device", "Zw\u00f6lf.\n")) == []
        path = tmp_path / NAME
        lines = [json.loads(line) for line in path.read_text().splitlines()]
        assert [(line["turn"], line["who"], line["text"]) for line in lines] == [
            (1, "user", "Wie sp\u00e4t "),
            (1, "device", "Zw\u00f6lf.\n"),
        ]
        assert path.stat().st_mode & 0o777 == 0o600

    def test_is_written_while_the_conversation_goes_on(self, tmp_path: Path) -> None:
        async def scene() -> None:
            file = TranscriptFile(tmp_path, lambda *_, **__: None)
            async with asyncio.timeout(10.0):
                task = asyncio.ensure_future(file.run())
                file.add(1, "user", "hello")
                while not (tmp_path / NAME).exists():  # noqa: ASYNC110 - only the disk knows
                    await asyncio.sleep(0.05)
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

        asyncio.run(scene())

    def test_that_is_full_makes_room_and_only_so_many_are_kept(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(transcript_file, "MOST_BYTES", 10)
        for turn in range(1, OLD_FILES + 4):
            written(tmp_path, (turn, "user", "hello"))
        names = sorted(path.name for path in tmp_path.iterdir())
        assert names == [NAME, *(f"{NAME}.{number}" for number in range(1, OLD_FILES + 1))]
        assert json.loads((tmp_path / NAME).read_text())["turn"] == OLD_FILES + 3
        assert json.loads((tmp_path / f"{NAME}.{OLD_FILES}").read_text())["turn"] == 3

    def test_that_cannot_be_written_is_told_of(self, tmp_path: Path) -> None:
        assert written(tmp_path / "missing", (1, "user", "hello")) == ["transcript.not_kept"]


class TestThePage:
    def test_joins_the_pieces_of_one_contribution(self) -> None:
        read = page(words(1, "user", "How late "), words(1, "user", "is it?"), words(1, "device", "Noon."))
        assert read == "12:00:01  you: How late is it?\n12:00:01   it: Noon.\n"

    def test_keeps_apart_what_belongs_to_two_turns(self) -> None:
        assert page(words(1, "user", "a"), words(2, "user", "b")).count("\n") == 2

    def test_shows_a_guess_only_where_it_can_be_taken_back(self) -> None:
        guessed = (words(1, "user", "how l", so_far=True), words(1, "user", "How late?"))
        assert page(*guessed) == "12:00:01  you: How late?\n"
        assert page(*guessed, live=True) == "12:00:01  you: \x1b[s\x1b[2mhow l\x1b[0m\x1b[u\x1b[JHow late?\n"


class TestTheCommand:
    def test_prints_all_files_oldest_first_and_skips_a_line_that_was_cut_off(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        written(tmp_path, (1, "user", "old"))
        (tmp_path / NAME).rename(tmp_path / f"{NAME}.1")
        written(tmp_path, (2, "user", "new"))
        with (tmp_path / NAME).open("a") as file:
            file.write('{"at": "2026')
        assert transcript(tmp_path, follow=False) == ExitStatus.ASKED_TO_STOP
        assert [line.split(": ")[1] for line in capsys.readouterr().out.splitlines()] == ["old", "new"]

    def test_says_how_to_get_a_transcript(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert transcript(tmp_path, follow=False) == ExitStatus.CONFIGURATION
        assert 'transcripts = "file"' in capsys.readouterr().err
