"""`vocative mint-token`."""

from __future__ import annotations

import argparse
import json
import os
import sys
from datetime import UTC, datetime

from ..errors import ExitStatus, LinkError
from .command import Commands, add_config, config_path


def add_to(commands: Commands) -> None:
    """Add the command."""
    parser = commands.add_parser("mint-token", help="print a token that stands in for the API key, for live.token_url")
    add_config(parser)
    parser.set_defaults(run=_mint_token)


def _mint_token(asked: argparse.Namespace) -> int:
    from ..config import load
    from ..keys.credentials import api_key
    from ..keys.mint import minted
    from ..live.models import refusals

    config = load(config_path(asked.config), refusals=refusals)
    credential = api_key(config.live.api_key_file, os.environ)
    if credential.key is None:
        print(credential.said, file=sys.stderr)
        return ExitStatus.CONFIGURATION
    try:
        print(json.dumps(minted(config, credential.key, datetime.now(UTC))))
    except LinkError as failure:
        print(f"No token was minted: {failure}", file=sys.stderr)
        return ExitStatus.BUG
    return ExitStatus.ASKED_TO_STOP
