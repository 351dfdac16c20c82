"""The negatives: buckets, file versions and their bytes, application keys, the outbox and the ledger.

`model` says what is kept, `metadata` and `blobs` where (each an interface with a contract suite and an in-memory
twin), `store` the verbs that the protocol servers call. Nothing here knows a protocol.
"""
