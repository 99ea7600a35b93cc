"""Heat, power and memory: `vitals` reads them, `news` knows when they are worth telling, `watch` tells."""
