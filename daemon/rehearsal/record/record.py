"""`vocative rehearse --record`."""

from __future__ import annotations

import sys
from pathlib import Path

from daemon.errors import ExitStatus
from daemon.history.reading import Source, read

from .story import newest_session, story


def main(file: Path | None, since: str | None, until: str | None) -> int:
    """Print the newest session of the journal, or of `file`, as a scenario; return the exit status.

    Raises:
        ConfigurationError: It cannot be read.
    """
    session = newest_session(read(Source(file, since, until)))
    if not session:
        print("Nobody has talked to the device in this time: there is nothing to be recorded.", file=sys.stderr)
        return ExitStatus.BUG
    print(story(session, None), end="")
    return ExitStatus.ASKED_TO_STOP
