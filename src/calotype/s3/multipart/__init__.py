"""Multipart uploads: begun, their parts uploaded or copied, listed, completed or aborted."""
