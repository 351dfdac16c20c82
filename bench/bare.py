"""`bare.py PORT FOLDER NAME…`: our HTTP layer alone, answering files of a folder from memory."""

from __future__ import annotations

import gc
import sys
from pathlib import Path

from calotype.http.message import Headers, Prepared, Request, Response
from calotype.serve.run import run, stop_on_signals
from calotype.serve.server import Server


class Constant:
    """Answers each name with the same bytes, always from the synchronous path."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self.files = {f"/{name}": body for name, body in files.items()}
        self.answers = {
            f"/{name}": Prepared(
                f"HTTP/1.1 200 OK\r\ncontent-type: image/png\r\ncontent-length: {len(body)}\r\n\r\n".encode(), body
            )
            for name, body in files.items()
        }

    def try_now(self, request: Request) -> Prepared | None:
        return self.answers.get(request.target)

    async def handle(self, request: Request) -> Response:
        """What the synchronous path is not asked for: HTTP/1.0, and the last request of a connection."""
        body = self.files.get(request.target)
        if body is None:
            return Response(404, Headers([("content-type", "text/plain")]), b"no such file\n")
        return Response(200, Headers([("content-type", "image/png")]), body)


async def serve(port: int, files: dict[str, bytes]) -> None:
    stopped = stop_on_signals()
    server = Server(Constant(files))
    await server.start(f"127.0.0.1:{port}")
    gc.freeze()
    await stopped.wait()
    await server.close()


def main(port: int, folder: Path, names: list[str]) -> None:
    run(serve(port, {name: (folder / name).read_bytes() for name in names}))


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:])
