"""`calotype doctor`: the layers on the screen."""

from __future__ import annotations

import hashlib
import secrets
import time
from dataclasses import asdict

import httpx

from calotype.b2.client import B2Client
from calotype.cli.errors import ExitCode
from calotype.cli.http import http_client
from calotype.cli.output import print_json, print_lines
from calotype.cli.profiles import Profile
from calotype.cli.purging import purge_keys
from calotype.cli.viewer import Viewer
from calotype.deploy.check import Answer
from calotype.deploy.doctor import Patient, Step
from calotype.deploy.doctor import examine as examine_layers
from calotype.http.message import Headers


def examine(profile: Profile, *, as_json: bool) -> None:
    """Prints each layer as it is looked at; leaves with FOUND_WRONG when one fails."""
    patient = Patient(profile.origin_url, profile.site_url, profile.bucket, secrets.token_hex(6))
    steps: list[Step] = []
    http = http_client(profile.origin_url)
    with (
        B2Client(profile.origin_url, profile.key_id, profile.application_key, http=http) as origin,
        Viewer(profile.site_url, profile.edge_url) as viewer,
    ):
        for step in examine_layers(patient, origin, _Answers(viewer), lambda name: purge_keys(profile, [name])):
            steps.append(step)
            if not as_json:
                print_lines(_lines(step))
    is_well = all(step.is_well for step in steps)
    if as_json:
        print_json({"ok": is_well, "steps": [asdict(step) for step in steps]})
    if not is_well:
        raise SystemExit(int(ExitCode.FOUND_WRONG))


class _Answers:
    """The viewer's answers in the form that `check` compares."""

    def __init__(self, viewer: Viewer) -> None:
        self._viewer = viewer

    def answer(self, url: str) -> Answer | None:
        began = time.perf_counter()
        try:
            response = self._viewer.get(url)
        except httpx.HTTPError:
            return None
        body = response.content
        return Answer(
            response.status_code,
            Headers.from_raw(response.headers.raw),
            len(body),
            hashlib.sha1(body, usedforsecurity=False).hexdigest(),
            time.perf_counter() - began,
        )


def _lines(step: Step) -> list[str]:
    lines = [f"{'+' if step.is_well else '!'} {step.layer}: {step.text}"]
    return [*lines, f"    {step.hint}"] if step.hint else lines
