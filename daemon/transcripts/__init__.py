"""What was said, in writing, for owners who ask for it."""
