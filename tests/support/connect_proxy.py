"""A proxy that takes CONNECT for one name and leads it to a port of this machine, as a line in a hosts file does.

For programs with a host name built in: a test may not change the machine's hosts file.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator

from support.loop_thread import LoopThread


@contextlib.contextmanager
def connect_proxy(authority: str, port: int) -> Iterator[str]:
    """The proxy's URL, for `https_proxy`. Every other authority than `authority` (`host:port`) is refused."""
    thread = LoopThread()

    async def start() -> asyncio.Server:
        return await asyncio.start_server(lambda *streams: _tunnel(authority, port, *streams), "127.0.0.1", 0)

    async def stop() -> None:
        server.close()
        rest = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)

    server = thread.run(start())
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        thread.run(stop())
        thread.stop()


async def _tunnel(authority: str, port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    head = await reader.readuntil(b"\r\n\r\n")
    if head.split(b" ")[:2] != [b"CONNECT", authority.encode()]:
        writer.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
        writer.close()
        return
    inward, outward = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
    await asyncio.gather(_pass_on(reader, outward), _pass_on(inward, writer))


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(1 << 16):
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        pass
    finally:
        writer.close()
