"""A site as a value: every setting of `calotype.toml` with its kind, default, unit and help.

The classes below are the documentation: `calotype config show` and the commented file that the first start writes
are made from them. `loading` reads them from file, variables and flags.
"""

# ruff: noqa: RUF009 (the calls give dataclass fields, made once)

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any

from calotype.site import kinds
from calotype.site.kinds import Address, Kind


@dataclass(frozen=True, slots=True)
class Description:
    """What stands beside a field: how it is read and what a user reads about it."""

    kind: Kind
    help: str
    unit: str
    variable: str | None
    flag: str | None


def _setting(
    default: Any, kind: Kind, help_text: str, *, unit: str = "", variable: str | None = None, flag: str | None = None
) -> Any:
    return field(default=default, metadata={"setting": Description(kind, help_text, unit, variable, flag)})


def _address(default: str, kind: Kind, name: str, help_text: str) -> Any:
    variable = f"CALOTYPE_{name.upper()}"
    return _setting(kind.parse(default) or None, kind, help_text, variable=variable, flag=address_flag(name))


def address_flag(name: str) -> str:
    """The flag of `calotype up` for the field `name` of `Listen`."""
    return "--" + name.replace("_", "-")


@dataclass(frozen=True, slots=True)
class Listen:
    """[listen]: where each program listens."""

    edge: Address = _address("0.0.0.0:8000", kinds.ADDRESS, "edge", "The edge: where viewers fetch pictures.")
    tls: Address | None = _address(
        "", kinds.OPTIONAL_ADDRESS, "tls", "The edge with TLS; needs edge.certificates. Empty: no TLS listener."
    )
    console: Address = _address("127.0.0.1:8001", kinds.ADDRESS, "console", "The console: the web page.")
    control: Address = _address(
        "127.0.0.1:8002", kinds.ADDRESS, "control", "The edge's control plane (Cloudflare API); keep it private."
    )
    origin: Address = _address("127.0.0.1:9000", kinds.ADDRESS, "origin", "The origin: S3 and B2 native API.")
    origin_tls: Address | None = _address(
        "",
        kinds.OPTIONAL_ADDRESS,
        "origin_tls",
        "The origin with TLS, beside the plain one; needs origin.certificates. Empty: no TLS listener.",
    )
    lan: bool = _setting(
        False,
        kinds.FLAG,
        "Listen on the home network's address, all but the control plane, and build every link from it.",
        variable="CALOTYPE_LAN",
        flag="--lan",
    )


@dataclass(frozen=True, slots=True)
class Edge:
    """[edge]: the caching servers before the origin."""

    workers: int = _setting(2, kinds.whole_number(1, 64), "Worker processes; one per processor core is enough.")
    cache_size_bytes: int = _setting(2 * 2**30, kinds.SIZE, "Most that the cache may take on disk.", unit="bytes")
    memory_bytes: int = _setting(64 * 2**20, kinds.SIZE, "Most that each worker keeps in memory.", unit="bytes")
    access_log: str = _setting(
        "off", kinds.choice("off", "text", "json"), "A line on standard output for each request, in which form."
    )
    certificates: str = _setting(
        "",
        kinds.FOLDER,
        "Folder of NAME.crt and NAME.key pairs for TLS, read again on change. Relative to the data folder.",
        flag="--certificates",
    )
    trusted_proxies: tuple[str, ...] = _setting(
        (), kinds.IP_ADDRESSES, "Addresses of proxies before the edge whose X-Forwarded-For and -Proto are believed."
    )


@dataclass(frozen=True, slots=True)
class Origin:
    """[origin]: the store behind the edge."""

    reserve_bytes: int = _setting(
        2**30, kinds.SIZE, "Free disk space under which uploads are refused; reads go on.", unit="bytes"
    )
    s3_hosts: tuple[str, ...] = _setting(
        ("s3.localhost",), kinds.HOSTNAMES, "Host suffixes under which BUCKET.SUFFIX is S3's virtual-host style."
    )
    forms_v2: bool = _setting(
        True, kinds.FLAG, "Take browser forms signed in S3's Signature V2, which many in the wild still are."
    )
    kms_keys: tuple[str, ...] = _setting(
        (),
        kinds.KEY_NAMES,
        "Names of encryption keys for S3's SSE-KMS, the default one first. Each is made out of the master key.",
    )
    public_url: str = _setting("", kinds.URL, "How clients reach the origin behind another proxy.")
    certificates: str = _setting(
        "",
        kinds.FOLDER,
        "Folder of NAME.crt and NAME.key pairs for TLS, read again on change. Relative to the data folder.",
        flag="--origin-certificates",
    )
    most_buckets: int = _setting(
        100, kinds.whole_number(1, 100_000), "Most buckets that the B2 API makes for an account; B2 has 100 itself."
    )
    strict_b2: bool = _setting(
        False,
        kinds.FLAG,
        "Refuse what Backblaze B2 refuses where the origin could help: ShareX with a key not limited to one bucket.",
    )
    webhooks_to_private_addresses: bool = _setting(
        False,
        kinds.FLAG,
        "Deliver event notifications to this machine and its network too, and over plain http. Whoever may write"
        " notification rules can then reach what listens there.",
    )


@dataclass(frozen=True, slots=True)
class Caps:
    """[caps]: the most that each account may store, and do on one UTC day. A limit of "" is the plan's."""

    plan: str = _setting(
        "none", kinds.choice("none", "b2-free"), "The caps to start from: none, or what Backblaze B2 gives for free."
    )
    storage_bytes: int | str = _setting(
        "", kinds.SIZE_LIMIT, "Most stored, hidden versions and unfinished uploads included.", unit="bytes"
    )
    download_bytes: int | str = _setting("", kinds.SIZE_LIMIT, "Most downloaded a day.", unit="bytes")
    class_b: int | str = _setting("", kinds.COUNT_LIMIT, "Most calls of class B a day: downloads.")
    class_c: int | str = _setting("", kinds.COUNT_LIMIT, "Most calls of class C a day: listings, logins, copies.")


@dataclass(frozen=True, slots=True)
class Console:
    """[console]: the web page."""

    public_url: str = _setting("", kinds.URL, "How browsers reach the console behind another proxy.")
    trusted_proxies: tuple[str, ...] = _setting(
        (), kinds.IP_ADDRESSES, "Addresses of proxies before the console whose X-Forwarded-For is believed."
    )


@dataclass(frozen=True, slots=True)
class Site:
    """[site] and, as members, the other tables."""

    name: str = _setting("photos", kinds.NAME, "What the console calls the site.")
    domain: str = _setting("", kinds.DOMAIN, "The site's host name. Empty: the edge answers under any host name.")
    bucket: str = _setting("photos", kinds.BUCKET, "The bucket that holds the pictures; made when missing.")
    access: str = _setting(
        "public",
        kinds.choice("public", "private"),
        "The bucket's type. Private: only the edge, which signs its requests, reads from it.",
    )
    public_url: str = _setting(
        "", kinds.URL, "What links begin with. Empty: the domain, else this machine and the edge's port."
    )
    edge_ttl_s: int = _setting(30 * 86400, kinds.SECONDS, "How long an edge keeps a picture.", unit="seconds")
    browser_ttl_s: int = _setting(
        600, kinds.SECONDS, "How long a browser keeps a picture without asking again.", unit="seconds"
    )
    not_found_ttl_s: int = _setting(3, kinds.SECONDS, "How long an edge remembers that there is none.", unit="seconds")
    file_name: str = _setting(
        "%y/%mo/%d-%rna{6}", kinds.TEMPLATE, "The name that an uploaded picture gets; its extension is kept."
    )
    listen: Listen = field(default_factory=Listen)
    edge: Edge = field(default_factory=Edge)
    origin: Origin = field(default_factory=Origin)
    caps: Caps = field(default_factory=Caps)
    console: Console = field(default_factory=Console)

    @property
    def is_private(self) -> bool:
        return self.access == "private"

    @property
    def url(self) -> str:
        """What links begin with, without a slash at the end."""
        if self.public_url:
            return self.public_url
        if self.domain and self.listen.tls is not None:
            return _url("https", self.domain, self.listen.tls.port)
        return _url("http", self.domain or reachable_host(self.listen.edge), self.listen.edge.port)

    @property
    def origin_url(self) -> str:
        """The S3 and B2 endpoint to give out."""
        return self.origin.public_url or self.local_origin_url

    @property
    def local_origin_url(self) -> str:
        """The origin as this machine reaches it, without a detour through a proxy before it."""
        return _url("http", reachable_host(self.listen.origin), self.listen.origin.port)

    @property
    def local_edge_url(self) -> str:
        """The edge's plain listener as this machine reaches it, whatever the domain or a proxy before it."""
        return _url("http", reachable_host(self.listen.edge), self.listen.edge.port)

    @property
    def console_url(self) -> str:
        return self.console.public_url or _url("http", reachable_host(self.listen.console), self.listen.console.port)

    @property
    def control_url(self) -> str:
        """The base of the control plane's Cloudflare API."""
        return _url("http", reachable_host(self.listen.control), self.listen.control.port) + "/client/v4"

    def on_the_home_network(self, host: str) -> Site:
        """The site with every wildcard and loopback address but the control plane's replaced by `host`."""
        listen = self.listen
        moved: dict[str, Any] = {
            each.name: Address(host, address.port)
            for each in dataclasses.fields(listen)
            if each.name != "control"
            and isinstance(address := getattr(listen, each.name), Address)
            and (address.is_wildcard or address.is_loopback)
        }
        return dataclasses.replace(self, listen=dataclasses.replace(listen, **moved))


def reachable_host(address: Address) -> str:
    """The host under which this machine itself reaches the address, as it stands in a URL."""
    if address.host == "::":
        return "[::1]"
    if address.is_wildcard:
        return "127.0.0.1"
    return str(address).rpartition(":")[0]


def _url(scheme: str, host: str, port: int) -> str:
    is_default = port == {"http": 80, "https": 443}[scheme]
    return f"{scheme}://{host}" if is_default else f"{scheme}://{host}:{port}"
