"""The client commands beside a running site."""

from __future__ import annotations
