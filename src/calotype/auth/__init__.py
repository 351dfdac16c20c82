"""Who asks and what they may do, pure: signatures, checksums, tokens, capabilities and the one `authorize`.

The S3, B2 and admin servers each turn a request into a `Principal` in their own way, and then ask the same question.
"""
