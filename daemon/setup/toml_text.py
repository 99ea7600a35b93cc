"""The configuration file as text: keys are changed in it, and every comment and every other line stays."""

from __future__ import annotations

import difflib
from collections.abc import Mapping

from ..config import Config
from .walk import Value

NEW_FILE = """\
# The configuration of vocative: what differs from the defaults. vocative.toml lists everything that can be set.
"""


def edited(text: str, before: Config, values: Mapping[tuple[str, str], Value]) -> str:
    """Return `text` with `values` in it. What it means already, as `before` says, is left as it is.

    Args:
        text: A TOML file that is right.
        before: What it means.
        values: By section and key.
    """
    import tomlkit  # on first use

    document = tomlkit.parse(text)
    for (section, key), value in values.items():
        if getattr(getattr(before, section), key) == value:
            continue
        if section not in document:
            document[section] = tomlkit.table()
        table = document[section]
        assert isinstance(table, tomlkit.items.Table)  # `before` was read from it
        table[key] = value
    return tomlkit.dumps(document)


def difference(old: str, new: str) -> str:
    """Return the lines that go and come, with one line around them; empty if there are none."""
    lines = difflib.unified_diff(old.splitlines(), new.splitlines(), n=1, lineterm="")
    return "\n".join(line for line in lines if not line.startswith(("---", "+++")))
