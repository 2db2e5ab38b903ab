"""The commands of `kubectl tally`, one module each; `main.py` lists them."""
