"""The API key: the order of its places, what is refused, and that it never shows."""

from __future__ import annotations

import copy
import os
import pickle
from dataclasses import asdict
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.keys.credentials import KEY_LIKE, Credential, Secret, api_key

KEY = "AIza" + "Sy0123456789-abcdefghijklmnop_QRSTU"
OTHER = "AQ." + "Ab8RN6L0123456789abcdefghij"


def revealed(credential: Credential) -> str | None:
    """What a caller would send."""
    return None if credential.key is None else credential.key.reveal()


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    path = tmp_path / "key"
    path.write_text(KEY + "\n")
    path.chmod(0o600)
    return path


@pytest.fixture
def systemd(tmp_path: Path) -> dict[str, str]:
    """An environment with a systemd credential in it."""
    directory = tmp_path / "credentials"
    directory.mkdir()
    (directory / "gemini-api-key").write_text("from-systemd\n")
    return {"CREDENTIALS_DIRECTORY": str(directory)}


def test_the_places_are_asked_in_order(key_file: Path, systemd: dict[str, str]) -> None:
    environ = {**systemd, "GEMINI_API_KEY": "from-gemini", "GOOGLE_API_KEY": "from-google"}
    assert revealed(api_key(str(key_file), environ)) == KEY
    assert revealed(api_key("", environ)) == "from-systemd"
    del environ["CREDENTIALS_DIRECTORY"]
    assert revealed(api_key("", environ)) == "from-gemini"
    del environ["GEMINI_API_KEY"]
    assert revealed(api_key("", environ)) == "from-google"


def test_the_place_is_said_and_the_key_is_not(key_file: Path, systemd: dict[str, str]) -> None:
    named = api_key(str(key_file), {})
    assert named.said == f"The API key comes from live.api_key_file ({key_file})."
    assert "systemd credential gemini-api-key" in api_key("", systemd).said
    assert api_key("", {"GOOGLE_API_KEY": KEY}).said == "The API key comes from the variable GOOGLE_API_KEY."
    assert KEY not in repr(named)


def test_without_any_key_the_sentence_names_every_place() -> None:
    found = api_key("", {})
    assert found.key is None
    for place in ("live.api_key_file", "gemini-api-key", "$CREDENTIALS_DIRECTORY", "GEMINI_API_KEY", "GOOGLE_API_KEY"):
        assert place in found.said


def test_a_credentials_directory_without_our_credential_is_passed_over(tmp_path: Path) -> None:
    environ = {"CREDENTIALS_DIRECTORY": str(tmp_path), "GEMINI_API_KEY": "from-gemini"}
    assert revealed(api_key("", environ)) == "from-gemini"
    assert str(tmp_path) in api_key("", {"CREDENTIALS_DIRECTORY": str(tmp_path)}).said


@pytest.mark.parametrize("blank", ["", " ", "\n", "\t \r\n"])
def test_an_empty_place_is_passed_over(blank: str) -> None:
    assert revealed(api_key("", {"GEMINI_API_KEY": blank, "GOOGLE_API_KEY": "second"})) == "second"


def test_a_named_file_decides_alone(tmp_path: Path) -> None:
    """A key from elsewhere must not quietly stand in for the one the owner named."""
    missing = tmp_path / "missing"
    found = api_key(str(missing), {"GEMINI_API_KEY": "from-gemini"})
    assert found.key is None
    assert f"live.api_key_file ({missing}) does not exist" in found.said


@pytest.mark.parametrize("mode", [0o644, 0o604, 0o602, 0o666, 0o777])
def test_a_file_that_everybody_can_open_is_refused_with_the_remedy(key_file: Path, mode: int) -> None:
    key_file.chmod(mode)
    found = api_key(str(key_file), {})
    assert found.key is None
    assert f"mode {mode:04o}" in found.said
    assert f"sudo chmod o= {key_file}" in found.said
    assert KEY not in found.said


@pytest.mark.parametrize("mode", [0o400, 0o600, 0o640, 0o440])
def test_a_file_for_the_owner_and_the_group_is_used(key_file: Path, mode: int) -> None:
    key_file.chmod(mode)
    assert revealed(api_key(str(key_file), {})) == KEY


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_of_somebody_else_is_refused_with_the_remedy(key_file: Path) -> None:
    key_file.chmod(0o000)
    found = api_key(str(key_file), {})
    assert found.key is None
    assert "chgrp vocative" in found.said


def test_a_directory_a_pipe_and_a_path_through_a_file_are_refused(tmp_path: Path, key_file: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe, 0o600)
    assert "is not a file" in api_key(str(tmp_path), {}).said
    assert "is not a file" in api_key(str(pipe), {}).said
    assert "Not a directory" in api_key(f"{key_file}/key", {}).said


@pytest.mark.parametrize(
    "content",
    [
        f"GEMINI_API_KEY={KEY}",
        f'"{KEY}"',
        f"'{KEY}'",
        f"{KEY}\n{OTHER}",
        f"{KEY} # mine",
        f"\ufeff{KEY}",
        f"{KEY}\x00",
        "clé",
    ],
)
def test_what_is_not_a_key_alone_is_refused_unseen(tmp_path: Path, content: str) -> None:
    path = tmp_path / "key"
    path.write_text(content)
    path.chmod(0o600)
    for found in (api_key(str(path), {}), api_key("", {"GEMINI_API_KEY": content})):
        assert found.key is None
        assert "does not hold a key alone" in found.said
        assert KEY not in found.said
        assert content not in found.said


def test_an_empty_and_a_huge_file_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text("\n")
    path.chmod(0o600)
    assert "is empty" in api_key(str(path), {}).said
    path.write_bytes(b"x" * 5000)
    assert "more than any key" in api_key(str(path), {}).said


@given(
    key=st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E, exclude_characters="=\"'"), min_size=1),
    pad=st.sampled_from(["", " ", "\n", "\r\n", "\t"]),
)
def test_white_space_around_a_key_is_taken_off(key: str, pad: str) -> None:
    assert revealed(api_key("", {"GEMINI_API_KEY": pad + key + pad})) == key


@given(st.text(min_size=6))
def test_a_secret_shows_itself_to_nobody(text: str) -> None:
    secret = Secret(f"<{text}>")
    for shown in (
        repr(secret),
        str(secret),
        f"{secret}",
        f"{secret!r:>40}",
        repr([secret]),
        repr(Credential(secret, "")),
    ):
        assert secret.reveal() not in shown
    assert secret.reveal() == f"<{text}>"


def test_a_secret_is_not_copied_out_by_serialising_it() -> None:
    for take in (pickle.dumps, copy.deepcopy, asdict):
        with pytest.raises(TypeError):
            take(Credential(Secret(KEY), ""))
    with pytest.raises(TypeError):
        vars(Secret(KEY))


@pytest.mark.parametrize(
    "text",
    [KEY, OTHER, f"https://host/?key={KEY}&x=1", f"# {KEY}", "auth_tokens/0123456789abcdef0123", "sk-" + "a1" * 12],
)
def test_keys_are_recognised_wherever_they_stand(text: str) -> None:
    assert KEY_LIKE.search(text)


@pytest.mark.parametrize(
    "text",
    [
        "gemini-3.8-live",
        "/etc/vocative/gemini-api-key",
        "AIza",
        "task-list",
        "FAQ. See below",
        "compression_trigger_tokens = 25000",
    ],
)
def test_other_texts_are_not_taken_for_keys(text: str) -> None:
    assert not KEY_LIKE.search(text)
