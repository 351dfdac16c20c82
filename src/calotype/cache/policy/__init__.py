"""The cache's decisions as functions of values: storing, lookup, validation, Vary, targeted fields, status lines.

One request goes through them in this order: `settings` (what the zone's rules ask for), `lookup` (what the stored
responses mean for this request), `storing` (what becomes of the origin's answer) or `validation` (of its 304), and
`status` (how the outcome is told).
"""
