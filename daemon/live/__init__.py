"""The way to the Live API and back."""
