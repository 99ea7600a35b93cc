"""A whole conversation without the hardware and without the service."""
