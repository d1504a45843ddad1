"""httpx over aiohttp's connections: httpx's own pool looks through all of them for every call, and with 64 calls at
once is ten times slower (`facts/speed.md` §E).

httpx-aiohttp 0.2 does the same, but tells a connection that was dropped *after* the request was sent as one that was
never made: what is surely not sent may be sent again, so that would be a lie with consequences (law 10).
"""

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import aiohttp
import httpx
from aiohttp.http_exceptions import ContentEncodingError

_UNPACKED = frozenset({b"content-encoding", b"content-length", b"transfer-encoding"})
"""What no longer holds of an answer that aiohttp has unpacked."""


class AiohttpTransport(httpx.AsyncBaseTransport):
    """Carries httpx's requests over a session, which it closes in the end. Its limits and times are the session's."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        with _in_words_of_httpx():
            answer = await self._session.request(
                request.method,
                str(request.url),
                data=await request.aread() or None,
                headers=[(name.decode("ascii"), value.decode("ascii")) for name, value in request.headers.raw],
                allow_redirects=False,
            )
        told = [(name, value) for name, value in answer.raw_headers if name.lower() not in _UNPACKED]
        # Without a named encoding httpx looks for one in all headers whenever one is read.
        return httpx.Response(answer.status, headers=httpx.Headers(told, encoding="latin-1"), stream=_Body(answer))

    async def aclose(self) -> None:
        await self._session.close()


class _Body(httpx.AsyncByteStream):
    """An answer's body as it comes, unpacked. Closed before its end, its connection is not used again."""

    def __init__(self, answer: aiohttp.ClientResponse) -> None:
        self._answer = answer

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _in_words_of_httpx():
            async for part in self._answer.content.iter_any():
                yield part

    async def aclose(self) -> None:
        self._answer.close()


@contextmanager
def _in_words_of_httpx() -> Iterator[None]:
    """Only what surely was never sent is an error of connecting."""
    try:
        yield
    except aiohttp.InvalidURL as error:
        raise httpx.UnsupportedProtocol(str(error)) from error
    except aiohttp.ConnectionTimeoutError as error:
        raise httpx.ConnectTimeout(str(error)) from error
    except aiohttp.ClientConnectorError as error:
        raise httpx.ConnectError(str(error)) from error
    except TimeoutError as error:
        raise httpx.ReadTimeout(str(error)) from error
    except aiohttp.ClientError as error:
        unpacking = isinstance(error.__cause__, ContentEncodingError)
        raise (httpx.DecodingError if unpacking else httpx.ReadError)(str(error)) from error
