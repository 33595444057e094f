"""Whether the definitions hold together."""
