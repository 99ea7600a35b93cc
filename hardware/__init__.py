"""The parts on the table: microphone, speaker, button, ring, camera, and their simulations.

Threads live in this package and nowhere else; nothing here knows of the conversation or the network.
"""
