"""`python -m benchmarks`: every benchmark, one table each."""

from benchmarks import propagation

if __name__ == "__main__":
    propagation.main()
