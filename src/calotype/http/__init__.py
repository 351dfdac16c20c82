"""Values of HTTP, pure: messages, headers, ranges, conditional requests, Cache-Control, dates, percent-encoding.

Nothing here opens a socket, reads a clock or knows who asks. Header names are lower-case text inside Calotype;
header values are latin-1 text, one character per byte, so that a signature or a byte count never changes meaning.
"""
