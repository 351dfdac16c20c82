"""A program on the runner: it stops on a signal, answers what it began, and may open many files."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import textwrap

import pytest

PROGRAM = textwrap.dedent(
    """
    import asyncio, resource
    from calotype.http.message import Response
    from calotype.serve.run import run, stop_on_signals
    from calotype.serve.server import Server

    class Handler:
        def try_now(self, request):
            return None

        async def handle(self, request):
            print("began", flush=True)
            await asyncio.sleep(0.3)
            return Response(200, body=str(resource.getrlimit(resource.RLIMIT_NOFILE)[0]).encode())

    async def main():
        stopped = stop_on_signals()
        server = Server(Handler())
        await server.start("127.0.0.1:0")
        print(server.port, flush=True)
        await stopped.wait()
        await server.drain(5)

    resource.setrlimit(resource.RLIMIT_NOFILE, (256, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    run(main())
    """
)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_program_drains_on_a_signal_and_ends_well(number):
    with subprocess.Popen([sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None
        try:
            port = int(program.stdout.readline())
            with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
                client.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
                assert program.stdout.readline() == "began\n"
                program.send_signal(number)
                answer = b"".join(iter(lambda: client.recv(65536), b""))
            assert program.wait(10) == 0
        finally:
            program.kill()
    assert answer.startswith(b"HTTP/1.1 200")
    assert b"connection: close" in answer
    assert int(answer.rpartition(b"\r\n")[2]) > 256  # the limit on open files was raised
