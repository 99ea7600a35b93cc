"""What the link needs of the configuration: one place that knows both."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from .announcing.phrases import INSTRUCTION
from .app import App
from .config import Config
from .keys.credentials import Secret, token_credential
from .live.keys import Keys
from .live.link import Connector, Endpoint, GenaiConnector
from .live.liveness import Liveness
from .live.models import EndOfTurn, capabilities
from .live.recital import Reader
from .live.setup import fingerprint, live_config, reading_config, tools_of
from .live.supervisor import Supervisor
from .live.token_connector import TokenConnector
from .live.token_service import TokenService
from .live.turns import Rules
from .live.upward import Taking
from .reloading.choices import looks

STALL_S: Final = 5.0
"""An answer under way that says nothing for so long has lost its link. Gaps of up to 5 s were seen (live-api.md 2)."""


def supervised(config: Config, key: Secret | None, random: Callable[[], float]) -> Callable[[App], Supervisor]:
    """Return what makes an app's supervisor, over google-genai.

    What a link is made with, it asks the app for each time: the configuration may have been read again.

    Args:
        config: The accepted configuration.
        key: The API key; None where tokens from `live.token_url` stand in for it.
        random: Returns a float in [0, 1); spreads the reconnects of many devices.
    """
    live, taking = config.live, Taking(config.turn.taking)
    transcripts = live.transcripts != "off" or live.memory_tokens > 0

    def supervise(app: App) -> Supervisor:
        connector = GenaiConnector(
            endpoint(config, key),
            lambda handle: live_config(
                app.config.live,
                handle=handle,
                transcripts=transcripts,
                taking=taking,
                # A resumed session knows what was said; a new one is told.
                system_instruction=(
                    None if handle else app.recollection.instruction(app.config.live.system_instruction)
                ),
                tools=tools_of(app.toolbox.declarations, google_search=app.config.tools.google_search),
                glances=_glances(app.config),
            ),
            lambda: fingerprint(
                app.config.live,
                transcripts=transcripts,
                taking=taking,
                tools=tools_of(app.toolbox.declarations, google_search=app.config.tools.google_search),
                glances=_glances(app.config),
            ),
        )
        aside = GenaiConnector(
            endpoint(config, key), lambda _: reading_config(app.config.live, INSTRUCTION), lambda: ""
        )
        app.phrases.reader = Reader(_opened_by(aside, config, key), aside.release, rules(config))
        return Supervisor(
            app.downlink,
            connector=_opened_by(connector, config, key),
            handles=app.keeping.handles,
            limits=lambda: app.keeping.limits,
            random=random,
            liveness=lambda: liveness(app.config),
            rules=rules(config),
        )

    return supervise


def _opened_by(connector: GenaiConnector, config: Config, key: Secret | None) -> Connector:
    """Return what opens the links of `connector`: with `key`, or with tokens."""
    return connector if key else TokenConnector(connector, Keys(token_service(config).fetch, time.time))


def _glances(config: Config) -> bool:
    """Return whether a picture may be sent outside any turn, because the model asked for it."""
    return looks(config) and config.tools.look


def endpoint(config: Config, key: Secret | None) -> Endpoint:
    """Return where the service is, what it is shown, and how long it may take; `key` as for `supervised`."""
    live, network = config.live, config.network
    return Endpoint(
        api_key=key.reveal() if key else "",
        model=live.model,
        base_url=live.base_url,
        api_version=live.api_version,
        ca_file=live.ca_file,
        headers=tuple(live.headers.items()),
        taking=Taking(config.turn.taking),
        connect_timeout_s=network.connect_timeout_s,
        setup_timeout_s=network.setup_timeout_s,
        send_timeout_s=network.send_timeout_s,
    )


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


def liveness(config: Config) -> Liveness:
    """Return the deadlines of one link."""
    return Liveness(
        reply_timeout_s=config.network.reply_timeout_s, stall_timeout_s=STALL_S, taking=Taking(config.turn.taking)
    )
