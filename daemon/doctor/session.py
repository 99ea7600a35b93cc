"""The shortest session there is: connected, set up, and left. It says nothing, so it is hardly billed."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Final

from daemon.config import Config
from daemon.errors import LinkError
from daemon.keys.credentials import Secret
from daemon.live.keys import Keys
from daemon.live.link import Connector, GenaiConnector
from daemon.live.setup import live_config
from daemon.live.token_connector import TokenConnector
from daemon.live.upward import Taking
from daemon.wiring import endpoint, token_service

from .online import Trial

_STEP_S: Final = 5.0
"""For the connection, and again for the setup."""


async def tried(config: Config, key: Secret | None) -> Trial:
    """Begin one session and end it; `key` is None where tokens stand in for it. Cancelling ends it at once."""
    live, network = config.live, config.network
    where = replace(
        endpoint(config, key),
        connect_timeout_s=min(_STEP_S, network.connect_timeout_s),
        setup_timeout_s=min(_STEP_S, network.setup_timeout_s),
    )
    maker = GenaiConnector(
        where,
        lambda handle: live_config(
            live,
            handle=handle,
            transcripts=live.transcripts != "off" or live.memory_tokens > 0,
            taking=Taking(config.turn.taking),
        ),
        lambda: "",
    )
    connector: Connector = maker if key else TokenConnector(maker, Keys(token_service(config).fetch, time.time))
    await connector.prepare()
    began_s = time.monotonic()
    try:
        link = await connector.connect(None)
    except LinkError as failure:
        return Trial(live.model, failure, 0.0)
    took_ms = 1000 * (time.monotonic() - began_s)
    await link.close(politely=True)
    return Trial(live.model, None, took_ms)
