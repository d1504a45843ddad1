"""The other side of the bench, in a process of its own: speaks as much of Aiia as a sync needs, and 20 ms later.

Prints its port, counts what it was asked under which key, and ends when its standard input does.
"""

import asyncio
import json
import sys
from collections import Counter

DELAY = 0.02
"""Seconds until an answer: the budget's server (`facts/speed.md` §E)."""

UPDATE, ACCOUNTS = b'{"status":"AllQueued","updateId":"6f1d2c1e-9d54-4b1c-8a0e-0f2a37c1d7a1"}', b'{"accounts":[]}'


class _Connection(asyncio.Protocol):
    def __init__(self, asked: Counter[bytes]) -> None:
        self._asked, self._got = asked, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._got += data
        head, end, rest = self._got.partition(b"\r\n\r\n")
        lines = head.split(b"\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(b":") for line in lines[1:])}
        if not end or len(rest) < int(headers.get(b"content-length", b"0")):
            return
        self._got = b""
        path = lines[0].split(b" ")[1]
        if path == b"/asked":
            self._answer(json.dumps({"keys": len(self._asked), "calls": self._asked.total()}).encode())
            self._asked.clear()
            return
        if path == b"/v1/update":
            self._asked[headers.get(b"x-request-id", b"")] += 1
        answer = UPDATE if path == b"/v1/update" else ACCOUNTS
        asyncio.get_running_loop().call_later(DELAY, self._answer, answer)

    def _answer(self, body: bytes) -> None:
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
        self._transport.write(head + body)


async def main() -> None:
    loop = asyncio.get_running_loop()
    asked: Counter[bytes] = Counter()
    server = await loop.create_server(lambda: _Connection(asked), "127.0.0.1", 0)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


if __name__ == "__main__":
    asyncio.run(main())
