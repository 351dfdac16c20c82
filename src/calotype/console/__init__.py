"""The web page: pictures put in by paste, drop or choice, the gallery, and links out.

A client of the S3 API like any other: it holds an application key, lists the bucket, streams uploads through and
deletes. It opens no store, and the pictures it shows come from the edge, never from its own origin, so that a
script in an uploaded SVG has no way to the session.
"""
