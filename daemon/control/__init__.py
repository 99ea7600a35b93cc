"""The control socket: `client` asks, `server` answers whom `admission` lets in, `requests` is what can be asked."""
