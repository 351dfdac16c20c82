"""The S3 API: operations as values, XML, errors, a server over the store and a client over HTTP.

Server and client share one description of every operation: the server reads it from a request, the client writes it
into one. What works is listed in `docs/compatibility-s3.md`.

Each subject has a folder: `listing`, `objects`, `multipart`, `configuration`, `access` and `forms`. In all but the
last, which has one operation, `operations` is the table of them and `calls` that of the functions which answer them.
"""
