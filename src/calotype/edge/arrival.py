"""A request as it arrives: the host and path it is about, as the fields that the rules read."""

from __future__ import annotations

from urllib.parse import urlsplit

from calotype.edge.context import RequestFields
from calotype.edge.error_pages import EdgeError
from calotype.http.message import Request


def host_and_target(request: Request) -> tuple[str, str]:
    """The lower-case host without port, and the target in origin form (RFC 9112 §3.2). Raises EdgeError."""
    target, authority = request.target, request.host or ""
    if target.startswith(("http://", "https://", "HTTP://", "HTTPS://")):
        parts = urlsplit(target)
        authority = parts.netloc.rpartition("@")[2]
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    elif not target.startswith("/") and target != "*":
        raise EdgeError(400, "Bad request", "The request target must begin with a slash.")
    return host_without_port(authority), target


def host_without_port(authority: str) -> str:
    """`[::1]:80` gives `::1`, `Example.com.:80` gives `example.com`."""
    if authority.startswith("["):
        return authority[1:].partition("]")[0].lower()
    return authority.partition(":")[0].rstrip(".").lower()


def arrival_of(request: Request, host: str, target: str, *, zone_name: str, now: float, ray: str) -> RequestFields:
    path, _, query = target.partition("?")
    return RequestFields(
        method=request.method,
        scheme=request.scheme,
        host=host,
        path=path,
        query=query,
        raw_path=path,
        raw_query=query,
        headers=request.headers,
        client_address=str(request.client[0]),
        now=now,
        ray=ray,
        zone_name=zone_name,
        version=request.version,
    )
