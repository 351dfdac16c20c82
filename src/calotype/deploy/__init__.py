"""From a site's description to a running site, through the published protocols only.

`desired` says what must exist, `actual` reads what does, `plan` compares the two and answers the changes (pure),
`apply` makes them. `doctor` and `check` look at the result from outside. The same code serves our own origin and
edge and the real clouds.
"""
