"""Uploads by a browser's HTML form (S3 PostObject): the policy that a form carries, its signature and its fields."""
