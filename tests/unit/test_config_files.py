"""The files that ship: vocative.toml says every key with its default, its range and its words; the examples load."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from annotated_types import Ge, Gt, Le

from daemon.config import Config, load
from daemon.config.suggestions import choices, header, sections
from daemon.live.models import refusals

FILES = Path(__file__).parents[2] / "config"
TEXT = (FILES / "vocative.toml").read_text()
OPTIONAL = re.compile(r"^#(?=\[\[?[\w.]+\]\]?$|[\w-]+ = )", re.MULTILINE)
"""The sign before a key or a section that has no default; prose has a space after its own."""
EXAMPLE_ITEM = re.compile(r"^#\[\[[\w.]+\]\]$(?:\n(?!#?\[).*)*", re.MULTILINE)
"""One of several sections of the same name, all of it commented out."""
ITEMS = list(EXAMPLE_ITEM.finditer(TEXT))
KEYS = [
    (section, key)
    for section, model in sections().items()
    for key in model.model_fields
    if f"{section}.{key}" not in sections()
]


def paragraph(section: str, key: str) -> str:
    """Return the prose above a key, perhaps with other keys in between that it is also about."""
    begin = f"\n#{header(section)}\n" if "." in section else f"\n{header(section)}\n"
    lines = TEXT.split(begin, 1)[1].splitlines()
    at = next(i for i, line in enumerate(lines) if re.match(rf"#?{key} = |#\[{section}\.{key}\]$", line))
    while not lines[at].startswith("# "):
        at -= 1
    first = at
    while lines[first - 1].startswith("# "):
        first -= 1
    return "\n".join(lines[first : at + 1])


def test_the_file_equals_the_defaults(tmp_path: Path) -> None:
    assert load(FILES / "vocative.toml", refusals=refusals) == Config()


@pytest.mark.parametrize(("section", "key"), [pair for pair in KEYS if "." not in pair[0]])
def test_every_key_is_there_with_its_default_or_as_a_comment(section: str, key: str) -> None:
    written: dict[str, Any] = tomllib.loads(TEXT)[section]
    default = getattr(getattr(Config(), section), key)
    if default is None or default == {}:
        assert key not in written
        assert key in tomllib.loads(OPTIONAL.sub("", TEXT))[section]
    else:
        assert written[key] == (list(default) if isinstance(default, tuple) else default)


@pytest.mark.parametrize(("section", "key"), [pair for pair in KEYS if "." in pair[0]])
def test_every_key_of_a_section_that_there_may_be_several_of_is_there_as_a_comment(section: str, key: str) -> None:
    outer, _, array = section.partition(".")
    assert array not in tomllib.loads(TEXT)[outer]
    assert any(key in item for item in tomllib.loads(OPTIONAL.sub("", TEXT))[outer][array])


@pytest.mark.parametrize("item", ITEMS, ids=lambda item: item[0].split('"')[1])
def test_each_example_of_a_section_can_be_uncommented_alone(item: re.Match[str], tmp_path: Path) -> None:
    path = tmp_path / "vocative.toml"
    path.write_text(TEXT[: item.start()] + OPTIONAL.sub("", item[0]) + TEXT[item.end() :])
    assert len(load(path).tools.mcp) == 1


def test_no_key_is_there_that_the_schema_does_not_have() -> None:
    """With every optional key uncommented the file is still taken."""
    Config.model_validate(tomllib.loads(OPTIONAL.sub("", TEXT)))


@pytest.mark.parametrize(
    "match",
    # The first key of a section is tried together with its section; what is in one of several, with all of that.
    [
        match
        for match in OPTIONAL.finditer(TEXT)
        if not TEXT[: match.start()].endswith("]\n")
        and not any(item.start() <= match.start() < item.end() for item in ITEMS)
    ],
    ids=lambda match: TEXT[match.end() :].split("\n")[0],
)
def test_each_optional_key_can_be_uncommented_alone(match: re.Match[str], tmp_path: Path) -> None:
    before, after = TEXT[: match.start()], served(TEXT[match.end() :])
    if after.startswith("["):
        after = after.replace("\n#", "\n", 1)
    path = tmp_path / "vocative.toml"
    path.write_text(before + after)
    assert load(path) != Config.model_validate(tomllib.loads(served(TEXT)))


def served(text: str) -> str:
    """Let the service find the turns: some of `[live]` is only allowed then."""
    return text.replace('taking = "local"', 'taking = "server"')


@pytest.mark.parametrize(("section", "key"), KEYS)
def test_the_comment_names_the_range_or_the_words(section: str, key: str) -> None:
    field = sections()[section].model_fields[key]
    comment = paragraph(section, key)
    assert comment
    numbers = {float(number) for number in re.findall(r"(?<![\w.])-?\d+(?:\.\d+)?", comment)}
    bounds = {float(part.ge) for part in field.metadata if isinstance(part, Ge)}  # type: ignore[arg-type] # all are numbers
    bounds |= {float(part.gt) for part in field.metadata if isinstance(part, Gt)}  # type: ignore[arg-type] # all are numbers
    bounds |= {float(part.le) for part in field.metadata if isinstance(part, Le)}  # type: ignore[arg-type] # all are numbers
    assert bounds <= numbers
    for word in choices(field.annotation):
        assert f'"{word}"' in comment


@pytest.mark.parametrize("name", ["speaker", "glasses"])
def test_the_example_devices_load_and_say_only_what_differs(name: str) -> None:
    path = FILES / f"{name}.toml"
    load(path, refusals=refusals)
    for section, keys in tomllib.loads(path.read_text()).items():
        for key, value in keys.items():
            assert value != getattr(getattr(Config(), section), key), f"{section}.{key}"


def test_the_speaker_is_the_reference_speaker() -> None:
    config = load(FILES / "speaker.toml")
    assert (config.button.driver, config.button.pin) == ("gpiozero", 17)
    leds = config.leds
    assert (leds.driver, leds.count, leds.spi_bus, leds.spi_device) == ("apa102", 12, 0, 0)
    assert config.microphone.device == config.speaker.device == "hw:CARD=sndrpigooglevoi"


def test_the_glasses_look_while_one_speaks() -> None:
    config = load(FILES / "glasses.toml")
    assert (config.turn.mode, config.leds.driver, config.camera.mode) == ("tap", "rgb_led", "with_turn")
