"""The HTTP layer of origin and edge: connection protocol, limits, TLS, listener, drain, and the client turned round.

One idea: a `Handler` is asked for an answer, synchronously where it can give one, in a task where it cannot.
"""
