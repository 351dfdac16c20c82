"""Our own API, `/calotype/v1/…`, for what B2, S3 and Cloudflare lack: operations, JSON, errors, server, client.

Each program answers its part: the origin health, ledger, usage, outbox, backup and fsck; the edge health, bans and
statistics. On the real clouds nobody answers it, and whoever needs it says so.
"""
