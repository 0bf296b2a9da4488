"""Pure numpy and Numba operators on graphs: arrays in, arrays and certificates out."""
