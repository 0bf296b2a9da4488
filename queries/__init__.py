"""Every statement that a store runs, one named text each, and the typed functions that run them."""
