"""The API key and what stands in for it: where it is read, where it is kept, who mints tokens with it."""
