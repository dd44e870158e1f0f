"""The template of the statement of work: see `__main__`."""
