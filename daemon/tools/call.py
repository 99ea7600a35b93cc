"""What is wanted of a tool and what comes of it, as the rest of the house sees them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .declaration import Scheduling


@dataclass(frozen=True, slots=True)
class Call:
    """One thing that the model wants done."""

    id: str
    name: str
    arguments: Mapping[str, object] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the model is to be told of one call."""

    session: str
    id: str
    name: str
    response: Mapping[str, object] = field(repr=False)
    """JSON with at least `status` (of `results.Status`), `retryable` and `message`."""
    scheduling: Scheduling
