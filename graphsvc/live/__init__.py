"""Scores that follow the records: every change is felt by all contacts at once, with its bound."""
