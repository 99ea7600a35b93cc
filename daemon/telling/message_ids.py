"""Which events an owner must act upon: each has a 128-bit id, which `systemd/vocative.catalog` explains.

`journalctl -x` shows that text below the line; `journalctl MESSAGE_ID=…` finds all of a kind. An id never changes and
never means anything else. A new one comes from `systemd-id128 new`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

MESSAGE_IDS: Final[Mapping[str, str]] = {
    "alarm.missed": "981eadd0f5da406aa15ebb58f60cfa5c",
    "alarms.not_kept": "f38b5dbc43b64b17aeb17a8345794985",
    "camera.failed": "79bdbe326fc449ada7e58ee80de44ec6",
    "config.refused": "9bd38f62e95f4e3d949c29184dcddb40",
    "control.unavailable": "3cccb441f69b4f119cfd7031468d0ed0",
    "device.hot": "0a80f615a1a94c08a8773deef9cbbd76",
    "device.lost": "4e4db05df9f74b0db231ca3902dc19b1",
    "device.missing": "8c480a6126bd49a4805282f1c49053aa",
    "device.under_voltage": "870210f056d741b88a076a32a9e5e799",
    "key.missing": "30cc6a14ca17453a909e9a271d34ae19",
    "limit.reached": "15ccb5ef0ed946168cef00bb73a64ea4",
    "link.failed": "39d4a37a069a4790b63b5f9dc89e33f3",
    "link.lost": "39d4a37a069a4790b63b5f9dc89e33f3",
    "mcp.failed": "7064666f95604f248c1735b9c6870917",
    "state.not_kept": "5f4910ac8007444aaf86f577a9880ede",
    "tool.refused": "49c8431b198a4dc8a59717c11afd5af2",
    "transcript.not_kept": "780ff34776be436ea007db0f2d81dd41",
}
"""By event. A link that was refused is one thing to its owner, whether it had come up before or not."""

_MOSTLY_PASSES: Final = frozenset({"link.failed", "link.lost"})
"""Only with a `remedy` is there something to do."""


def message_id(event: str, fields: Mapping[str, object]) -> str | None:
    """Return the id of an event that its owner must act upon; None for all others."""
    if event in _MOSTLY_PASSES and not fields.get("remedy"):
        return None
    return MESSAGE_IDS.get(event)
