"""A device without its parts: on a laptop, in a terminal or in a browser."""
