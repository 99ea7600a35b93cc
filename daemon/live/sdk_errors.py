"""What google-genai and websockets raise, translated once into errors of our own."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Final

from daemon.errors import Deadline, LinkError, LinkTimeout

if TYPE_CHECKING:
    from google.genai.errors import APIError

_LATE: Final = {
    Deadline.CONNECT: "no connection in time",
    Deadline.SETUP: "connected, but the setup was not answered in time",
    Deadline.SEND: "the network took nothing in time",
    Deadline.REPLY: "no answer in time",
}


@contextlib.asynccontextmanager
async def translated(deadline: Deadline, limit_s: float | None) -> AsyncIterator[asyncio.Timeout]:
    """Turn what google-genai and websockets raise into `LinkError` (live-api.md 4).

    After `limit_s` seconds it is a `LinkTimeout` of `deadline`. A time-out of websockets' own is that of connecting.
    Yields the limit, which may be moved.
    """
    from google.genai.errors import APIError
    from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

    try:
        async with asyncio.timeout(limit_s) as ours:
            yield ours
    except TimeoutError as error:
        passed = deadline if ours.expired() else Deadline.CONNECT
        raise LinkTimeout(_LATE[passed], deadline=passed) from error
    except InvalidStatus as error:
        raise LinkError("the upgrade was refused", http_status=error.response.status_code) from error
    except APIError as error:
        raise _link_error(error) from error
    except ConnectionClosed as error:
        frame = error.rcvd
        raise LinkError(frame.reason if frame else "", close_code=frame.code if frame else 1006) from error
    except ssl.SSLCertVerificationError as error:
        raise LinkError(f"the certificate is not trusted: {error.verify_message}") from error
    except (OSError, InvalidHandshake, EOFError) as error:
        raise LinkError(f"cannot reach the service: {error.__class__.__name__} {error}".strip()) from error
    except (TypeError, ValueError) as error:
        # The SDK raises these on frames it cannot read (live-api.md 0.8); their text may quote the frame.
        raise LinkError(f"unreadable message ({type(error).__name__})", close_code=1002) from error


def _link_error(error: APIError) -> LinkError:
    """The SDK raises the same class for a close frame and for a JSON message with an HTTP-like code."""
    if error.code is not None and 400 <= error.code < 600:
        return LinkError("an error message", http_status=error.code)
    return LinkError(error.details if isinstance(error.details, str) else "", close_code=error.code or 1006)
