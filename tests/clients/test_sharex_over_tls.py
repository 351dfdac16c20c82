"""ShareX pointed at a site as docs/sharex.md says, command by command: its host is compiled in, and so is TLS."""

import re
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from support.photographs import photograph
from support.ports import free_ports
from support.sharex import B2_HOST, ShareX, connect_by_hosts_line
from support.site import RunningSite, running_site

PAGE = (Path(__file__).parents[2] / "docs" / "sharex.md").read_text()
MAKE_CERTIFICATE, START, ASK, MAKE_KEY = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Where the user is when typing the page's commands."""
    folder = tmp_path_factory.mktemp("sharex")
    subprocess.run(["sh", "-eu", "-c", MAKE_CERTIFICATE], cwd=folder, check=True, capture_output=True, timeout=60)
    return folder


@pytest.fixture(scope="module")
def port() -> int:
    """In place of 443."""
    return free_ports(1)[0]


@pytest.fixture(scope="module")
def site(folder, port) -> Iterator[RunningSite]:
    flags = START.replace("0.0.0.0:443", f"127.0.0.1:{port}").split()[2:]
    flags[flags.index("certificates")] = str(folder / "certificates")
    with running_site(folder / "site", *flags) as site:
        assert f"https://127.0.0.1:{port}" in site.output.read_text()
        yield site


@pytest.fixture(scope="module")
def trust(folder) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(folder / "authority" / "ca.crt"))


@pytest.fixture
def sharex(site, port, trust) -> ShareX:
    key = site.calotype_json(*MAKE_KEY.split()[1:])
    return ShareX(key["keyId"], key["applicationKey"], "photos", connect=connect_by_hosts_line(port, trust))


def test_the_page_leaves_no_key_of_the_authority_behind(folder):
    assert sorted(str(path.relative_to(folder)) for path in folder.glob("*/*.*")) == [
        "authority/ca.crt",
        "certificates/b2.crt",
        "certificates/b2.key",
    ]


def test_the_origin_answers_the_command_that_asks_it(site, folder, port):
    command = ASK.replace("127.0.0.1:443", f"127.0.0.1:{port}")
    done = subprocess.run(["sh", "-eu", "-c", command], cwd=folder, capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stderr
    assert done.stdout


def test_a_screenshot_goes_up_over_tls_and_both_links_work(site, sharex, port, trust):
    content = photograph("coffee.png").read_bytes()
    link = sharex.upload("ShareX/26/11/écran.png", content, "image/png")
    assert link == f"https://{B2_HOST}/file/photos/ShareX/26/11/%C3%A9cran.png"
    answer = sharex.send("GET", link, {})
    assert (answer.status, answer.content == content) == (200, True)
    sharex.custom_url = site.edge
    at_the_edge = httpx.get(sharex.upload("ShareX/26/11/écran.png", content, "image/png"))
    assert (at_the_edge.status_code, at_the_edge.content == content) == (200, True)
    assert at_the_edge.headers["content-disposition"].endswith("filename*=UTF-8''%C3%A9cran.png")


def test_the_authority_vouches_for_no_other_name(folder, tmp_path):
    """Its key is gone, and even with it a certificate for another name would not be believed."""
    text = subprocess.run(
        ["openssl", "x509", "-noout", "-text", "-in", str(folder / "authority" / "ca.crt")],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert re.search(r"Name Constraints: critical\s+Permitted:\s+DNS:api\.backblazeb2\.com\s", text)


def test_a_computer_that_does_not_trust_the_authority_gets_no_further(site, sharex, port):
    sharex.connect = connect_by_hosts_line(port, ssl.create_default_context())
    with pytest.raises(ssl.SSLCertVerificationError):
        sharex.upload("a.png", b"content", "image/png")
