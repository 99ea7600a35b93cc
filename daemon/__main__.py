"""`python -m daemon` is the command `vocative`."""

import sys

from .cli import main

sys.exit(main())
