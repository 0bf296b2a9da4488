"""`python -m graphsvc` is the same as the `graphsvc` command."""

from graphsvc.cli import main

main()
