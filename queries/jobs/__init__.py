"""Every SQL text of the job file, and the typed functions that run them."""
