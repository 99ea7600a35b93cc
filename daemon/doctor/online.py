"""What one attempt to begin a session says of key, model and quota."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from daemon.errors import LinkError
from daemon.live.resume import Pause, decide
from daemon.status import Fault

from .finding import Finding, fine, to_do

AREA: Final = "quota"
"""Of what is found when the service is asked; that of the key and the model stands with theirs."""
_OFTEN: Final = 99
"""Failures in a row after which `resume` says whether only the owner can mend it."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One attempt."""

    model: str
    failure: LinkError | None
    """None: the service has accepted the setup."""
    took_ms: float


def findings(trial: Trial) -> Iterator[Finding]:
    """Say what it means; the four causes are told apart."""
    if trial.failure is None:
        yield fine("key", "the service takes the key")
        yield fine("model", f"the service has {trial.model}")
        yield fine(AREA, f"a session could be begun, in {trial.took_ms:.0f} ms")
        return
    area, what = _cause(trial.failure, trial.model)
    decision = decide(trial.failure, resuming=False, consecutive=_OFTEN)
    remedy = decision.remedy.removesuffix(".") or "Try again in some minutes; if it stays so, check the network"
    yield to_do(area, f"{what} ({_shortened(str(trial.failure))})", remedy)


def _cause(failure: LinkError, model: str) -> tuple[str, str]:
    """Return what the failure is about, and in words what it is."""
    decision = decide(failure, resuming=False, consecutive=_OFTEN)
    words = failure.reason.lower()
    match decision.fault, failure.close_code:
        case Fault.KEY, _ if decision.pause is Pause.QUOTA:
            cause = AREA, "the quota or the credits of the key are used up"
        case Fault.KEY, _ if "token service" in words or "credential" in words:
            cause = "key", "the service at live.token_url gives no good token"
        case Fault.KEY, _:
            cause = "key", "the service refuses the key"
        case Fault.SETUP, 1008:
            cause = "model", f"the service has no {model}, or not for this key"
        case Fault.SETUP, 1007:
            cause = "model", f"the service refuses the setup for {model}"
        case Fault.SETUP, _:
            cause = "network", "there is no Live API at this address"
        case _, None if failure.http_status is None:
            cause = "network", "the service cannot be reached"
        case _:
            cause = "network", "the service is reached, and in trouble itself"
    return cause


def _shortened(text: str) -> str:
    return text if len(text) <= 120 else f"{text[:117]}…"
