"""The button and the ring."""
