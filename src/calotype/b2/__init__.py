"""The B2 native API: operations as values, JSON shapes, errors, a server over the store and a client over httpx.

One description of the calls serves both sides. All four versions of the API are answered at once, each in its own
shape, as the version in the path says; clients of every generation are in use.
"""
