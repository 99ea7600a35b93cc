"""The configured model and voice, held against what this version knows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from daemon.live.live_keys import LiveKeys
from daemon.live.models import capabilities, warnings

from .finding import Finding, fine, note

AREA: Final = "model"


def findings(live: LiveKeys) -> Iterator[Finding]:
    """Say what is known of them; what the model refuses is a fault of the configuration."""
    can = capabilities(live.model)
    if can.known and can.stable:
        yield fine(AREA, f"{can.model}: {can.status}")
    for warning in warnings(live):
        # "live.model: gemini-x is a preview that newer models have replaced. Choose gemini-y unless …."
        what, _, remedy = warning.removesuffix(".").partition(". ")
        yield note(AREA, what.removesuffix("."), remedy)
