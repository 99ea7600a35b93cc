"""No key in the configuration file, and none in what is said about it."""

from __future__ import annotations

import pytest

from daemon.config.diagnosis import diagnose

KEY = "AIza" + "Sy0123456789-abcdefghijklmnop_QRSTU"


def sentences(text: str) -> list[str]:
    """Return what `text` is refused with."""
    return [fault.sentence("vocative.toml") for fault in diagnose(text, None)]


SECRETS = [
    f'api_key = "{KEY}"',
    f'[live]\napi_key_file = "{KEY}"',
    f'[live]\nbase_url = "https://host/?key={KEY}"',
    f'[live]\nsystem_instruction = """\nYour key is\n{KEY}\n"""',
    f"[live]\nvoice = {KEY}",
    f'[live.headers]\nx-goog-api-key = "{KEY}"',
    f'[live.headers]\nX-Other = "{KEY}"',
    f"# {KEY}",
    f"[{KEY}]",
    f'[turn]\nmode = "tap"\nmode = "{KEY}"',
]


@pytest.mark.parametrize("text", SECRETS)
def test_what_looks_like_a_key_is_refused_unseen_wherever_it_stands(text: str) -> None:
    (fault,) = sentences(text)
    assert "this line holds what looks like an API key" in fault
    assert "sudo vocative key" in fault
    assert KEY not in fault


def test_a_key_further_down_in_a_refused_text_is_not_shown_either() -> None:
    refused, found = sentences(f'[live]\nvoice = """two words\n{KEY}"""')
    assert refused == "vocative.toml:2: live.voice = (not shown): must be a name without spaces"
    assert found.startswith("vocative.toml:3: this line holds")


@pytest.mark.parametrize(
    "text",
    [
        'api_key = "hunter2-xyz"',
        '[live]\napi_key = "hunter2-xyz"',
        "[live]\napi_key = hunter2-xyz",
        "[live]\napi_key: hunter2-xyz",
        "[live]\nAPI-TOKEN hunter2-xyz",
        '[live]\npassword = "hunter2-xyz',
        '[live]\napi_key_file = "hunter2-xyz"',
        '[live]\nbase_url = "https://me:hunter2-xyz@host"',
        '[live]\nbase_url = "https://host/?key=hunter2-xyz"',
        "[live]\nbase_url = https://me:hunter2-xyz@host",
        '[live.headers]\nAuthorization = "Bearer hunter2-xyz"',
        '[live.headers]\nX-Secret = 5\nCookie = "hunter2-xyz"',
        '[live]\napi_key = "hunter2-xyz"\napi_key = "hunter2-xyz"',
    ],
)
def test_what_is_called_a_secret_is_not_shown_whatever_it_looks_like(text: str) -> None:
    found = sentences(text)
    assert found
    assert "hunter2" not in "\n".join(found)
