"""What RFC 9111 calls a cache: keys, freshness and the policy (values, no I/O), and the shells that keep entries.

`policy/` decides from values: what may be stored and for how long, what a lookup means, what a 304 changes, what
the client is told. `entry_files` and `index` hold the stored responses of one worker on disk and in memory.
"""
