"""The Cloudflare v4 API, the part that a site needs: operations (values), JSON, errors, server, client.

`operations` says what can be asked and `answers` what comes back, once for both sides; `json` holds the envelope
around an answer, `errors` what can go wrong. The server turns each write into the edge's next configuration, by pure
functions (`zones`, `dns`, `rulesets`, `settings`, `purges`, `signing`); the client speaks to it, or to Cloudflare.
"""
