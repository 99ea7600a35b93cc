"""What the link needs of the configuration: one place that knows both."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from .app import App, looks
from .budget import Limits
from .config import Config
from .credentials import Secret, token_credential
from .live.keys import Keys
from .live.link import Endpoint, GenaiConnector
from .live.liveness import Liveness
from .live.models import EndOfTurn, capabilities
from .live.setup import fingerprint, live_config, tools_of
from .live.supervisor import Supervisor
from .live.token_connector import TokenConnector
from .live.token_service import TokenService
from .live.turns import Rules
from .live.upward import Taking

STALL_S: Final = 5.0
"""An answer under way that says nothing for so long has lost its link. Gaps of up to 5 s were seen (live-api.md 2)."""


def supervised(config: Config, key: Secret | None, random: Callable[[], float]) -> Callable[[App], Supervisor]:
    """Return what makes an app's supervisor, over google-genai.

    Args:
        config: The accepted configuration.
        key: The API key; None where tokens from `live.token_url` stand in for it.
        random: Returns a float in [0, 1); spreads the reconnects of many devices.
    """
    live, network, taking = config.live, config.network, Taking(config.turn.taking)
    transcripts = live.transcripts != "off" or live.memory_tokens > 0
    endpoint = Endpoint(
        api_key=key.reveal() if key else "",
        model=live.model,
        base_url=live.base_url,
        api_version=live.api_version,
        ca_file=live.ca_file,
        headers=tuple(live.headers.items()),
        taking=taking,
        connect_timeout_s=network.connect_timeout_s,
        setup_timeout_s=network.setup_timeout_s,
        send_timeout_s=network.send_timeout_s,
    )

    glances = looks(config) and config.tools.look

    def supervise(app: App) -> Supervisor:
        connector = GenaiConnector(
            endpoint,
            lambda handle: live_config(
                live,
                handle=handle,
                transcripts=transcripts,
                taking=taking,
                # A resumed session knows what was said; a new one is told.
                system_instruction=None if handle else app.recollection.instruction(live.system_instruction),
                tools=tools_of(app.toolbox.declarations, google_search=config.tools.google_search),
                glances=glances,
            ),
            lambda: fingerprint(
                live,
                transcripts=transcripts,
                taking=taking,
                tools=tools_of(app.toolbox.declarations, google_search=config.tools.google_search),
                glances=glances,
            ),
        )
        return Supervisor(
            app,
            connector=connector if key else TokenConnector(connector, Keys(token_service(config).fetch, time.time)),
            handles=app.keeping.handles,
            limits=app.keeping.limits,
            random=random,
            liveness=lambda: liveness(config),
            rules=rules(config),
        )

    return supervise


def token_service(config: Config) -> TokenService:
    """Return the owner's service, which hands out tokens in place of the API key."""
    live = config.live
    return TokenService(
        live.token_url,
        credential=(lambda: token_credential(live.token_credential_file)) if live.token_credential_file else None,
        client_cert_file=live.token_client_cert_file,
        client_key_file=live.token_client_key_file,
        ca_file=live.ca_file,
        limit_s=config.network.connect_timeout_s,
    )


def rules(config: Config) -> Rules:
    """Return how the configured model takes turns."""
    return Rules(
        ends_on_idle=capabilities(config.live.model).turn_ends is EndOfTurn.IDLE,
        interrupts=config.live.activity_handling == "interrupt",
        taking=Taking(config.turn.taking),
    )


def limits(config: Config) -> Limits:
    """Return what the device may cost."""
    return Limits(**config.limits.model_dump())


def liveness(config: Config) -> Liveness:
    """Return the deadlines of one link."""
    return Liveness(
        reply_timeout_s=config.network.reply_timeout_s, stall_timeout_s=STALL_S, taking=Taking(config.turn.taking)
    )
