"""A configuration that was read again: what it changes, and what goes by it from then on."""
