"""`python -m benchmarks`: every benchmark, one table each."""

from benchmarks import importing, propagation

if __name__ == "__main__":
    propagation.main()
    importing.main()
    importing.appending(scale=15)
