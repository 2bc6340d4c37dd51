"""`python -m lethebench` is `lethe`."""

from lethebench.cli.app import main

if __name__ == "__main__":
    main()
