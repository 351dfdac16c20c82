"""The programs: origin, edge, console and all of them together. Each builds its parts from settings, top to bottom.

`supervisor` is the parent process of those that consist of several. Nothing outside imports this package but `cli`.
"""
