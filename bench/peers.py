"""The programs we compare with, each started in a folder of its own on CPU 0 and ended with the block."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.s3 import S3Access

SERVER_CPU = "0"
PEER_KEY, PEER_SECRET = "BENCH", "BENCHSECRET"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for_port(port: int, *, deadline_s: float = 30) -> None:
    until = time.monotonic() + deadline_s
    while time.monotonic() < until:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise TimeoutError(f"nothing listens on port {port} after {deadline_s} s")


@contextmanager
def pinned(command: list[str], folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The command on the servers' CPU, its output in `folder/output`, ended at the end of the block."""
    with (folder / "output").open("wb") as output:
        process = subprocess.Popen(["taskset", "-c", SERVER_CPU, *command], cwd=folder, stdout=output, stderr=output)
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@contextmanager
def nginx(folder: Path, origin: str) -> Iterator[str]:
    """The address of an nginx that caches `origin` with proxy_cache: one worker, sendfile, no access log."""
    port = free_port()
    for name in ("cache", "temp"):
        (folder / name).mkdir()
    folder.chmod(0o755)
    configuration = folder / "nginx.conf"
    configuration.write_text(
        f"""
        user root; worker_processes 1; daemon off; pid {folder}/pid; error_log {folder}/error;
        events {{ worker_connections 1024; }}
        http {{
            access_log off; sendfile on; tcp_nopush off; tcp_nodelay on; keepalive_requests 1000000;
            client_body_temp_path {folder}/temp; proxy_temp_path {folder}/temp;
            proxy_cache_path {folder}/cache keys_zone=prints:10m;
            server {{
                listen 127.0.0.1:{port};
                location / {{
                    proxy_cache prints; proxy_cache_valid 200 1h;
                    proxy_ignore_headers Cache-Control Expires Set-Cookie;
                    add_header cf-cache-status $upstream_cache_status;
                    proxy_pass {origin};
                }}
            }}
        }}
        """
    )
    with pinned(["nginx", "-c", str(configuration), "-p", str(folder)], folder):
        wait_for_port(port)
        yield f"http://127.0.0.1:{port}"


@contextmanager
def varnish(folder: Path, origin: str) -> Iterator[str]:
    """The address of a Varnish with 256 MB of memory that keeps every answer of `origin` for an hour."""
    port = free_port()
    host, _, origin_port = origin.removeprefix("http://").partition(":")
    configuration = folder / "default.vcl"
    configuration.write_text(
        f'vcl 4.1; backend default {{ .host = "{host}"; .port = "{origin_port}"; }}\n'
        "sub vcl_backend_response { set beresp.ttl = 1h; unset beresp.http.set-cookie; }\n"
    )
    command = ["varnishd", "-F", "-n", str(folder / "work"), "-a", f"127.0.0.1:{port}"]
    with pinned([*command, "-f", str(configuration), "-s", "malloc,256m"], folder):
        wait_for_port(port)
        yield f"http://127.0.0.1:{port}"


@contextmanager
def seaweedfs(folder: Path) -> Iterator[SeaweedFs]:
    """A SeaweedFS with its defaults, which do not sync what comes in."""
    ports = {name: free_port() for name in ("master", "volume", "filer", "s3")}
    grpc_ports = {name: free_port() for name in ports}
    identities = {
        "identities": [
            {
                "name": "bench",
                "credentials": [{"accessKey": PEER_KEY, "secretKey": PEER_SECRET}],
                "actions": ["Admin", "Read", "Write", "List", "Tagging"],
            }
        ]
    }
    (folder / "identities.json").write_text(json.dumps(identities))
    (folder / "data").mkdir(exist_ok=True)
    command = [weed(), "server", f"-dir={folder}/data", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-filer", "-s3"]
    command += [f"-s3.config={folder}/identities.json", "-volume.max=20", "-master.volumeSizeLimitMB=1024"]
    command += ["-s3.port.iceberg=0"]
    command += [f"-{name}.port={port}" for name, port in ports.items()]
    command += [f"-{name}.port.grpc={port}" for name, port in grpc_ports.items()]
    with pinned(command, folder):
        wait_for_port(ports["s3"])
        inside = [f"127.0.0.1:{ports[name]}.{grpc_ports[name]}" for name in ("master", "filer")]
        yield SeaweedFs(S3Access(f"http://127.0.0.1:{ports['s3']}", PEER_KEY, PEER_SECRET), *inside)


@contextmanager
def moto(folder: Path) -> Iterator[S3Access]:
    """moto's S3 as a server, which keeps everything in memory and believes every signature."""
    port = free_port()
    command = [str(Path(sys.executable).with_name("moto_server")), "-H", "127.0.0.1", "-p", str(port)]
    with pinned(command, folder):
        wait_for_port(port)
        yield S3Access(f"http://127.0.0.1:{port}", PEER_KEY, PEER_SECRET)


def weed() -> str:
    """The program, from our own environment where it is there."""
    return shutil.which("weed", path=str(Path(sys.executable).parent)) or "weed"


@dataclass(frozen=True, slots=True)
class SeaweedFs:
    """A running one; `master` and `filer` as `weed shell` names them."""

    s3: S3Access
    master: str
    filer: str

    def create_synced_bucket(self, name: str) -> None:
        """A bucket whose bytes the volumes sync before they answer; the filer's metadata they do not."""
        self.s3.create_bucket(name)
        self.shell(f"fs.configure -locationPrefix=/buckets/{name}/ -fsync -apply")

    def shell(self, command: str) -> str:
        """What `weed shell` prints."""
        asked = [weed(), "shell", f"-master={self.master}", f"-filer={self.filer}"]
        done = subprocess.run(asked, input=f"{command}\nexit\n", capture_output=True, text=True, check=True)
        return done.stdout
