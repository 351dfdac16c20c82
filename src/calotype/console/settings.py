"""What the console needs to know at its start."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

DEFAULT_NAME_TEMPLATE = "%y/%mo/%fn-%rna{6}"


@dataclass(frozen=True, slots=True)
class ConsoleSettings:
    """`data` is the site's data folder; the console keeps its own files in `data/console`."""

    data: Path
    listen: str  # HOST:PORT
    s3_endpoint: str  # http://HOST:PORT, path style
    region: str
    bucket: str
    key_id: str
    application_key: str
    site_url: str | None = None  # None: the host the console was reached at, with `edge_port`
    edge_port: int = 8000
    public_url: str | None = None  # how browsers reach the console behind a proxy, https://console.example.com
    trusted_proxies: tuple[str, ...] = ()  # addresses whose X-Forwarded-For is believed
    control_url: str | None = None  # the edge's control plane, http://HOST:PORT/client/v4, where its figures are asked
    control_token: str | None = None
    site_name: str | None = None  # None: the bucket's name
    name_template: str = DEFAULT_NAME_TEMPLATE

    @property
    def folder(self) -> Path:
        return self.data / "console"

    @property
    def title(self) -> str:
        return self.site_name or self.bucket
