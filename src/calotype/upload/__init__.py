"""Putting pictures in: the name a picture gets, the upload itself, and the links that are given out for it."""
