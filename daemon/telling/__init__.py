"""How an event is told to its owner: in a sentence, and with an id if something must be done."""
