"""What the journal has kept: read again, as a table of turns, and as a page of pictures."""
