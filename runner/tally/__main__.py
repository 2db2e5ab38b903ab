"""`python -m tally` does what the command `tally` does."""

import sys

from tally.cli import main

if __name__ == "__main__":
    sys.exit(main())
