from __future__ import annotations

from calotype.programs.banner import FirstKey, banner
from calotype.site.loading import load_site
from calotype.site.settings import Site


def site(text: str = "") -> Site:
    return load_site(text, variables={}, flags={}).site


def test_a_first_start_on_a_terminal_shows_everything_once() -> None:
    text = banner(
        Site(),
        command=".venv/bin/calotype",
        data_option="--data /srv/photos",
        password_file=None,
        first_key=FirstKey("0010000000000010000000001", "K001secret"),
    )
    assert (
        text
        == """
  Site         http://127.0.0.1:8000/
  Console      http://127.0.0.1:8001/
  S3 endpoint  http://127.0.0.1:9000  (region us-east-1, path style)
  B2 endpoint  http://127.0.0.1:9000  (bucket photos, public)

  The key of the bucket photos, shown this once:
    keyId           0010000000000010000000001
    applicationKey  K001secret

  Try:  .venv/bin/calotype upload --data /srv/photos picture.png
  The console and the origin answer this machine only. To let uploaders such as ShareX on other machines
  of the home network in, start with --lan.
  Ctrl-C stops everything.
"""
    )


def test_an_origin_with_tls_is_shown_with_its_address() -> None:
    described = site("listen.origin_tls = '0.0.0.0:9443'\norigin.certificates = 'c'")
    text = banner(described, command="calotype", data_option="", password_file=None, first_key=None)
    assert "  Origin, TLS  https://0.0.0.0:9443  (S3 and B2, by the names of its certificates)\n" in text


def test_without_a_terminal_secrets_are_in_files() -> None:
    text = banner(
        Site(),
        command="calotype",
        data_option="",
        password_file="/d/console/first-password",
        first_key=FirstKey("001", file="/d/first-key.json"),
    )
    assert "/d/console/first-password" in text
    assert "The key of the bucket photos is in /d/first-key.json" in text
    assert "applicationKey" not in text


def test_a_later_start_shows_no_secret() -> None:
    text = banner(Site(), command="calotype", data_option="", password_file=None, first_key=None)
    assert "key" not in text.lower()
    assert "Try:  calotype upload picture.png" in text


def test_a_site_on_the_home_network_builds_every_address_from_it_and_needs_no_hint() -> None:
    text = banner(
        site("site.access='private'").on_the_home_network("192.168.1.5"),
        command="calotype",
        data_option="",
        password_file=None,
        first_key=None,
    )
    assert "127.0.0.1" not in text
    assert "--lan" not in text
    assert "http://192.168.1.5:9000  (bucket photos, private)" in text
