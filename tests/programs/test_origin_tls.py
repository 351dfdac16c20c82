"""The origin with TLS beside its plain address, run alone."""

from __future__ import annotations

import ssl
from pathlib import Path

import httpx
import trustme

from support.origin_program import running_origin
from support.ports import free_ports


def test_an_origin_alone_answers_with_tls_and_commands_still_find_it(tmp_path: Path) -> None:
    authority = trustme.CA()
    issued = authority.issue_cert("b2.test")
    folder = tmp_path / "certificates"
    folder.mkdir()
    (folder / "b2.crt").write_bytes(b"".join(each.bytes() for each in issued.cert_chain_pems))
    (folder / "b2.key").write_bytes(issued.private_key_pem.bytes())
    trust = ssl.create_default_context()
    authority.configure_trust(trust)
    (port,) = free_ports(1)
    flags = ["--tls", f"127.0.0.1:{port}", "--certificates", str(folder)]
    with running_origin(tmp_path / "origin", *flags) as origin:
        assert f"with TLS at 127.0.0.1:{port}" in origin.output.read_text()
        with httpx.Client(verify=trust) as client:
            answer = client.get(
                f"https://127.0.0.1:{port}/b2api/v4/b2_authorize_account",
                auth=(origin.owner.key_id, origin.owner.application_key),
                headers={"host": f"b2.test:{port}"},
                extensions={"sni_hostname": "b2.test"},
            )
        # the addresses to go on with are those that the client came to
        assert answer.json()["apiInfo"]["storageApi"]["apiUrl"] == f"https://b2.test:{port}"
        plain = httpx.get(
            f"{origin.address}/b2api/v4/b2_authorize_account",
            auth=(origin.owner.key_id, origin.owner.application_key),
        )
        assert plain.json()["apiInfo"]["storageApi"]["apiUrl"] == origin.address
        # started by flags alone: the commands beside it know of both
        assert origin.calotype_json("buckets", "create", "holiday")["name"] == "holiday"
