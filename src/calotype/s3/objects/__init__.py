"""Objects: the operations on one or many of them, what their requests say, and the answers.

An upload is described by `description` and comes in by `payload`; `reads` gives it back.
"""
