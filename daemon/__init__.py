"""vocative: a Raspberry Pi that one talks to, with the Gemini Live API at the other end."""
