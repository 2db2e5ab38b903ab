"""The commands of `tally`, one module each; `cli.py` lists them."""
