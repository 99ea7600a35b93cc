"""What an owner types: a module for each command, which says what it takes and does it.

Each imports what it needs when it is called: `vocative status` must not wait for what only `run` needs.
"""
