"""The system of record: a narrow port and its two adapters."""
