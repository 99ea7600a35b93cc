"""`vocative mint-token`: one ephemeral token, as the service at `live.token_url` must answer (live-api.md 1.10).

It runs where the API key is, for instance behind a web server that has checked who asks:

    device ── POST token_url, credential ──► web server ── vocative mint-token ──► Google
           ◄──────────── {"name": …, "expireTime": …, "newSessionExpireTime": …} ────────

Google is said to answer with the name alone, so the times are asked for, and said again here. The token is locked to
the configured model and to nothing else: whatever is locked is what counts, and not what the device sends, so a lock
on everything would lose the session that a device resumes, and what it tells a new one of the old. None of this was
tried against the real service.
"""

from __future__ import annotations

import warnings
from datetime import datetime, timedelta
from typing import Final

from ..config import Config
from ..errors import LinkError
from ..live.trust import trusting
from .credentials import Secret

LIFE: Final = timedelta(minutes=30)
"""What the service gives when it is not asked. A stolen token talks for so long."""
BEGIN_WITHIN: Final = timedelta(minutes=2)
"""Twice what the service gives: its clock and this one may differ."""


def minted(config: Config, key: Secret, now: datetime) -> dict[str, str]:
    """Mint a token for one session; return what is to be answered with.

    Blocks until the service has answered, or for `network.connect_timeout_s`.

    Args:
        config: An accepted configuration; of it, [live] and the time-out count.
        key: The API key.
        now: In UTC.

    Raises:
        LinkError: The service gave none.
    """
    from google.genai import Client, types
    from google.genai.errors import APIError
    from httpx2 import HTTPError

    live = config.live
    expires, new_session_expires = now + LIFE, now + BEGIN_WITHIN
    options = types.HttpOptions(
        base_url=live.base_url or None,
        api_version=live.api_version,
        headers=dict(live.headers) or None,
        timeout=round(config.network.connect_timeout_s * 1000),
        client_args={"verify": trusting(live.ca_file)},
    )
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r"The SDK's token creation implementation is experimental")
        try:
            with Client(api_key=key.reveal(), http_options=options) as client:
                token = client.auth_tokens.create(
                    config=types.CreateAuthTokenConfig(
                        uses=1,
                        expire_time=expires,
                        new_session_expire_time=new_session_expires,
                        live_connect_constraints=types.LiveConnectConstraints(model=live.model),
                        lock_additional_fields=[],  # None would lock everything
                    )
                )
        except APIError as error:
            raise LinkError(error.message or "an error message", http_status=error.code) from error
        except HTTPError as error:
            raise LinkError(f"cannot reach the service: {type(error).__name__} {error}") from error
    if not token.name:
        raise LinkError("the service answered without a token", http_status=200)
    return {
        "name": token.name,
        "expireTime": _rfc_3339(expires),
        "newSessionExpireTime": _rfc_3339(new_session_expires),
    }


def _rfc_3339(time: datetime) -> str:
    return time.isoformat(timespec="seconds").replace("+00:00", "Z")
