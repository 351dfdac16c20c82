"""The caching reverse proxy: a viewer's request through the phases of its zone, the cache and the origin.

It knows only HTTP, so it can front anybody's bucket. `worker.EdgeWorker` is the handler of one worker process; each
cache key has one owning worker (`cache.key.owner_of`), which alone fetches, stores and revalidates it, while the
others ask it over a Unix socket (`peers`) and keep answers that are in demand in their hot memo (`memo`). `bans` is
the durable log behind every purge, `control` the process that appends to it and tells the workers.
"""
