"""One file a question the user asks."""
