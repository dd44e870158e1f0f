"""The Word template of the monthly report: see `__main__`."""
