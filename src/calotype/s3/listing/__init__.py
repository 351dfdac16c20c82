"""Listings of buckets, objects and versions: what is asked for, the place where a page begins, the page as XML."""
