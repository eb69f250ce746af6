"""`python -m cryptostream` is the command line."""

from cryptostream.cli import main

main()
