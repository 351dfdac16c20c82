"""Calotype: your own photo storage site. One origin keeps the negatives, edges hand out the prints."""

__version__ = "0.1.0"
