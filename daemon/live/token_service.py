"""The owner's token service: one POST over HTTPS, answered with a token (`vocative mint-token` prints such an answer).

    device ── POST token_url, `Authorization: Bearer …` or a client certificate ──► owner's service, which has the key
           ◄── {"name": "auth_tokens/…", "expireTime": "…", "newSessionExpireTime": "…"} ──

The request has no body. Neither the token nor the credential is ever logged or put into an error.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Final

from daemon.errors import Deadline, LinkError, LinkTimeout
from daemon.keys.credentials import Credential, refusal
from hardware.blocking import in_thread

from .tokens import Token, parse, unusable
from .trust import trusting

REPLY_BYTES: Final = 65_536
"""No reply is longer; a longer one is something else."""
_REFUSED: Final = "the token service refuses the credential"


class TokenService:
    """Fetches tokens. Files are read anew each time, so that what was put in their place counts at once.

    Args:
        url: Where it is; https.
        credential: Returns the bearer token to show, or why there is none; None for none to show.
        client_cert_file: The certificate to show, PEM; empty for none.
        client_key_file: Its key, PEM; nobody else may read it.
        ca_file: Certificates to trust besides the system's, PEM; empty for the system's alone.
        limit_s: How long one fetch may take in all.
    """

    def __init__(
        self,
        url: str,
        *,
        credential: Callable[[], Credential] | None = None,
        client_cert_file: str = "",
        client_key_file: str = "",
        ca_file: str = "",
        limit_s: float = 10.0,
    ) -> None:
        self._url: Final = url
        self._credential: Final = credential
        self._client_cert_file: Final = client_cert_file
        self._client_key_file: Final = client_key_file
        self._ca_file: Final = ca_file
        self._limit_s: Final = limit_s

    def __repr__(self) -> str:
        return f"<TokenService {self._url}>"

    async def fetch(self) -> Token:
        """Ask for a token and wait for it, at most `limit_s`. Cancelling closes the connection.

        Raises:
            LinkError: There is none. `http_status` is the service's; None where it was not reached, or where a file
                of ours is in the way. `LinkTimeout` when it took too long.
        """
        try:
            async with asyncio.timeout(self._limit_s):
                context, headers = await in_thread(self._prepare)
                status, reply = await self._ask(context, headers)
        except TimeoutError as error:
            raise LinkTimeout("the token service did not answer in time", deadline=Deadline.CONNECT) from error
        if status in (401, 403):
            raise LinkError(_REFUSED, http_status=status)
        if not 200 <= status < 300:
            raise LinkError("the token service answers with an error", http_status=status)
        return parse(reply)

    def _prepare(self) -> tuple[ssl.SSLContext, dict[str, str]]:
        """Read the files and make ready for TLS. Slow; runs in a thread."""
        import httpx2  # noqa: F401 - google-genai brings it, but it may not have come yet; here it blocks nobody

        headers = {"Accept": "application/json", "Cache-Control": "no-store"}
        if self._credential is not None:
            credential = self._credential()
            if credential.key is None:
                raise LinkError(credential.said)
            headers["Authorization"] = f"Bearer {credential.key.reveal()}"
        context = trusting(self._ca_file)
        if self._client_cert_file:
            self._show_certificate(context)
        return context, headers

    def _show_certificate(self, context: ssl.SSLContext) -> None:
        why = refusal(Path(self._client_key_file))
        if not why:
            try:
                # The empty password is for a key that wants one: OpenSSL would ask a terminal for it.
                context.load_cert_chain(self._client_cert_file, self._client_key_file, password="")
            except OSError as error:  # an ssl.SSLError, too
                why = f"and live.token_client_cert_file cannot be used ({error.strerror or 'not a pair in PEM form'})"
        if why:
            raise LinkError(f"the credential for the token service: live.token_client_key_file {why}")

    async def _ask(self, context: ssl.SSLContext, headers: dict[str, str]) -> tuple[int, bytes]:
        """Return the status and the reply. A redirection is not followed: the credential is for this address only."""
        import httpx2

        async with (
            _translated(),
            # One limit is for all of it; httpx2 would have one for each step.
            httpx2.AsyncClient(verify=context, timeout=None) as client,
            client.stream("POST", self._url, headers=headers) as response,
        ):
            reply = b""
            async for piece in response.aiter_bytes():
                reply += piece
                if len(reply) > REPLY_BYTES:
                    raise unusable(f"its reply is longer than {REPLY_BYTES} bytes")
            return response.status_code, reply


@contextlib.asynccontextmanager
async def _translated() -> AsyncIterator[None]:
    """Turn what httpx2 raises into `LinkError`. Its own texts may quote the request."""
    import httpx2

    try:
        yield
    except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:  # it lets some errors of TLS through as they are
        tls = _tls_error(error)
        if isinstance(tls, ssl.SSLCertVerificationError):
            raise LinkError(f"the token service's certificate is not trusted: {tls.verify_message}") from error
        if tls is not None and tls.reason and "_ALERT_" in tls.reason:
            # With TLS 1.3 a server says only after the handshake what it thinks of our certificate. If it hangs up
            # in the same breath, the kernel may drop what it said, and all that is left is a reset.
            raise LinkError(f"{_REFUSED} ({tls.reason})") from error
        raise LinkError(f"cannot reach the token service: {type(error).__name__}") from error


def _tls_error(error: BaseException | None) -> ssl.SSLError | None:
    """Return the TLS error that `error` comes from, if it does."""
    while error is not None and not isinstance(error, ssl.SSLError):
        error = error.__cause__ or error.__context__
    return error
