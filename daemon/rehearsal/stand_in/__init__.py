"""A Live API service without network, clock or threads, written from live-api.md and not from our client."""
