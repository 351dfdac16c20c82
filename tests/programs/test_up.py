"""`calotype up` as users start it: what it says, what it keeps, how it stops, and what it refuses."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import socket
import ssl
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
import trustme

from calotype.site.folder import load_credentials
from calotype.site.home_network import home_network_address
from support.ports import free_ports
from support.processes import descendants, process_name
from support.site import RunningSite, make_site, running_site

CALOTYPE = str(Path(sys.executable).with_name("calotype"))


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def eventually(condition: Callable[[], bool], within_s: float = 15) -> bool:
    deadline = time.monotonic() + within_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def refused(site: RunningSite, *flags: str) -> subprocess.CompletedProcess[str]:
    """A start that does not come up."""
    addresses = [
        part
        for name in ("edge", "console", "origin", "control")
        for part in (f"--{name}", getattr(site, name).removeprefix("http://"))
    ]
    return subprocess.run(
        [CALOTYPE, "up", "--data", str(site.data), *addresses, *flags],
        env=dict(site.environment),
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_a_site_starts_stops_and_starts_again(tmp_path: Path) -> None:
    with running_site(tmp_path) as site:
        first = site.output.read_text()
        for name in ("edge", "console", "origin"):
            assert getattr(site, name) in first
        # without a terminal secrets go to files, never to the output
        assert str(site.data / "console" / "first-password") in first
        key = json.loads((site.data / "first-key.json").read_text())
        assert set(key) == {"keyId", "applicationKey"}
        assert key["applicationKey"] not in first
        for secret in ("first-key.json", "credentials.json", "console/first-password"):
            assert mode_of(site.data / secret) == 0o600
        assert httpx.get(f"{site.edge}/none.png").status_code == 404
        assert answers(site.console)
        assert httpx.get(f"{site.control}/client/v4/zones").status_code in (400, 403)
        assert site.process is not None
        family = descendants(site.process.pid)
        names = {process_name(pid) for pid in family}
        assert {"origin", "edge-control", "edge-worker-0", "edge-worker-1", "console"} <= names

        assert site.stop(signal.SIGINT) == 0
        assert site.output.read_text().endswith("calotype: stopped by SIGINT\n")
        assert not any(Path(f"/proc/{pid}").exists() for pid in family)
        assert not (site.data / "run" / "started-with.json").exists()

        site.output.write_text("")
        (site.data / "first-key.json").unlink()
        site.start()
        second = site.output.read_text()
        assert "The key of the bucket" not in second
        assert "calotype.toml" not in second
        assert not (site.data / "first-key.json").exists()
        assert site.calotype_json("plan")["changes"] == []


def test_what_was_changed_by_hand_survives_a_restart_and_is_told(tmp_path: Path) -> None:
    with running_site(tmp_path) as site:
        change_setting(site, "ssl", "full")
        site.stop()
        site.output.write_text("")
        site.start()
        assert "not as calotype.toml says: setting ssl: changed by hand; kept" in site.output.read_text()
        (drift,) = site.calotype_json("plan")["drift"]
        assert (drift["object"], drift["found"]) == ("setting ssl", {"value": "full"})


def change_setting(site: RunningSite, name: str, value: str) -> None:
    zones = f"{site.control}/client/v4/zones"
    headers = {"authorization": f"Bearer {load_credentials(site.data).control_token}"}
    zone = httpx.get(zones, headers=headers).json()["result"][0]["id"]
    answer = httpx.patch(f"{zones}/{zone}/settings/{name}", headers=headers, json={"value": value})
    assert answer.status_code == 200, answer.text


def test_a_killed_program_is_started_again(tmp_path: Path) -> None:
    with running_site(tmp_path) as site:
        assert site.process is not None
        for name, url in (("origin", f"{site.origin}/healthz"), ("console", f"{site.console}/")):
            (pid,) = [pid for pid in descendants(site.process.pid) if process_name(pid) == name]
            os.kill(pid, signal.SIGKILL)
            assert eventually(lambda url=url: answers(url)), site.output.read_text()  # type: ignore[misc]
            assert f"{name} was killed by SIGKILL; starting it again" in site.output.read_text()


def test_a_site_whose_supervisor_was_killed_starts_again_at_once(tmp_path: Path) -> None:
    with running_site(tmp_path) as site:
        assert site.process is not None
        family = descendants(site.process.pid)
        site.process.kill()
        site.process.wait()
        site.output.write_text("")
        site.start()
        assert not set(family) & set(descendants(site.process.pid))
        assert answers(f"{site.origin}/healthz")


def answers(url: str) -> bool:
    """Whether somebody is there; the console may ask to sign in."""
    try:
        return httpx.get(url, follow_redirects=True).status_code in (200, 401)
    except httpx.HTTPError:
        return False


def test_a_first_start_on_a_terminal_shows_the_secrets_and_keeps_no_file_of_them(tmp_path: Path) -> None:
    site = make_site(tmp_path)
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [CALOTYPE, "up", *_addresses(site)], env=dict(site.environment), stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    try:
        shown = b""
        while b"Ctrl-C stops everything" not in shown:
            shown += os.read(ours, 4096)
        text = shown.decode()
        assert re.search(r"Console password, shown this once: [a-z0-9-]{20,}", text)
        assert re.search(r"keyId +\S{25}\s+applicationKey +\S{31}\s", text)
        assert not (site.data / "first-key.json").exists()
        assert not (site.data / "console" / "first-password").exists()
    finally:
        process.terminate()
        process.wait(30)
        os.close(ours)


def _addresses(site: RunningSite) -> list[str]:
    names = ("edge", "console", "origin", "control")
    return [part for name in names for part in (f"--{name}", getattr(site, name).removeprefix("http://"))]


@pytest.mark.parametrize("name", ["edge", "console", "origin", "control"])
def test_a_taken_port_is_told_with_its_setting_and_nothing_is_made(tmp_path: Path, name: str) -> None:
    site = make_site(tmp_path)
    port = int(getattr(site, name).rpartition(":")[2])
    with socket.create_server(("127.0.0.1", port)):
        outcome = refused(site)
    assert outcome.returncode == 3
    assert outcome.stderr.startswith(f"calotype: listen.{name} (--{name}) is 127.0.0.1:{port}: another program listens")
    assert len(outcome.stderr.splitlines()) == 1
    assert not site.data.exists()


def test_a_second_start_on_one_data_folder_says_who_holds_it(tmp_path: Path) -> None:
    with running_site(tmp_path / "one") as site:
        other = make_site(tmp_path / "two")
        outcome = refused(other, "--data", str(site.data))
        assert outcome.returncode == 1
        assert "Traceback" not in outcome.stderr
        assert site.origin.removeprefix("http://") in outcome.stderr
        assert answers(f"{site.origin}/healthz")
        assert site.calotype("ls").returncode == 0


def test_on_the_home_network_every_link_and_listener_but_the_control_plane_is_there(tmp_path: Path) -> None:
    host = home_network_address()
    with running_site(tmp_path, "--lan") as site:
        text = site.output.read_text()
        moved = {name: getattr(site, name).replace("127.0.0.1", host) for name in ("edge", "console", "origin")}
        for url in moved.values():
            assert url in text
        assert "127.0.0.1" not in text
        (tmp_path / "a.png").write_bytes(b"picture")
        link = site.calotype("upload", str(tmp_path / "a.png")).stdout.strip()
        assert link.startswith(f"{moved['edge']}/")
        assert httpx.get(link).content == b"picture"
        assert httpx.get(f"{site.control}/healthz").status_code == 200
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"{site.origin}/healthz")


# The programs alone


def test_the_origin_runs_alone_and_commands_find_it(tmp_path: Path) -> None:
    site = make_site(tmp_path)
    listen = site.origin.removeprefix("http://")
    process = subprocess.Popen([CALOTYPE, "origin", "--listen", listen], env=dict(site.environment))
    try:
        assert eventually(lambda: answers(f"{site.origin}/healthz"))
        assert site.calotype_json("buckets", "create", "holiday")["name"] == "holiday"
        examined = site.calotype("doctor", check=False).stdout
        assert "! bucket: there is no bucket photos" in examined
        assert "`calotype buckets create`" in examined
        key = site.calotype_json("keys", "create", "--name", "x", "--bucket", "holiday")
        assert set(key) == {"keyId", "applicationKey"}
    finally:
        process.terminate()
        code = process.wait(30)
    assert code == 0


def test_a_second_edge_on_one_data_folder_says_who_holds_it(tmp_path: Path) -> None:
    site = make_site(tmp_path)
    listen, other = site.edge.removeprefix("http://"), site.console.removeprefix("http://")
    command = [CALOTYPE, "edge", "--front", site.origin, "--data", str(site.data), "--listen"]
    first = subprocess.Popen([*command, listen], env=dict(site.environment), stderr=subprocess.DEVNULL)
    try:
        assert eventually(lambda: (site.data / "run" / "started-with.json").exists())
        second = subprocess.run(
            [*command, other], env=dict(site.environment), capture_output=True, text=True, timeout=30
        )
        assert second.returncode == 1
        assert second.stderr == (
            f"calotype: {site.data / 'run'} is in use by process {first.pid}, calotype edge at {listen}\n"
        )
        assert first.poll() is None
    finally:
        first.terminate()
        code = first.wait(30)
    assert code == 0


@pytest.mark.parametrize("options", [[], ["--workers", "1", "--mode", "cloudflare"]])
def test_an_edge_stands_before_any_origin(tmp_path: Path, options: list[str]) -> None:
    site = make_site(tmp_path)
    (tmp_path / "www").mkdir()
    (tmp_path / "www" / "a.png").write_bytes(b"picture")
    os.utime(tmp_path / "www" / "a.png", (0, 0))  # so old that its heuristic freshness is long (RFC 9111 §4.2.2)
    port = site.origin.rpartition(":")[2]
    server = [sys.executable, "-m", "http.server", port, "--bind", "127.0.0.1", "--directory", str(tmp_path / "www")]
    listen = site.edge.removeprefix("http://")
    behind = subprocess.Popen(server, stderr=subprocess.DEVNULL)
    edge = subprocess.Popen(
        [CALOTYPE, "edge", "--front", site.origin, "--listen", listen, "--data", str(tmp_path / "e"), *options],
        env=dict(site.environment),
    )
    try:
        assert eventually(lambda: answers(f"{site.edge}/a.png"))
        answer = httpx.get(f"{site.edge}/a.png")
        assert answer.content == b"picture"
        assert answer.headers["cf-cache-status"] == "HIT"
    finally:
        edge.terminate()
        behind.terminate()
        codes = edge.wait(30), behind.wait(30)
    assert codes[0] == 0


def test_a_site_with_a_domain_answers_over_tls_under_its_name_only(tmp_path: Path) -> None:
    authority = trustme.CA()
    certificate = authority.issue_cert("photos.test")
    folder = tmp_path / "certificates"
    folder.mkdir()
    certificate.private_key_pem.write_to_path(str(folder / "photos.test.key"))
    for part in certificate.cert_chain_pems:
        part.write_to_path(str(folder / "photos.test.crt"), append=True)
    trust = ssl.create_default_context()
    authority.configure_trust(trust)
    (port,) = free_ports(1)
    options = ["--tls", f"127.0.0.1:{port}", "--certificates", str(folder)]
    with running_site(tmp_path / "site", *options, CALOTYPE_SITE_DOMAIN="photos.test") as site:
        assert f"https://photos.test:{port}/" in site.output.read_text()
        (tmp_path / "a.png").write_bytes(b"picture")
        # nothing resolves the name here: the command asks the edge of this machine for it
        link = site.calotype("upload", str(tmp_path / "a.png"), "--name", "a.png").stdout.strip()
        assert link == f"https://photos.test:{port}/a.png"
        with httpx.Client(verify=trust) as client:
            named = {"headers": {"host": f"photos.test:{port}"}, "extensions": {"sni_hostname": "photos.test"}}
            answer = client.get(f"https://127.0.0.1:{port}/a.png", **named)  # type: ignore[arg-type]
            assert (answer.status_code, answer.content) == (200, b"picture")
        assert httpx.get(f"{site.edge}/a.png", headers={"host": "other.test"}).status_code != 200
        (tmp_path / "a.png").write_bytes(b"another")
        site.calotype("upload", str(tmp_path / "a.png"), "--name", "a.png")
        assert httpx.get(f"{site.edge}/a.png", headers={"host": "photos.test"}).content == b"another"
