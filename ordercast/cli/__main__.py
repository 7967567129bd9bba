"""`python -m ordercast.cli`: the same as the script `ordercast`."""

from ordercast.cli import main

if __name__ == "__main__":
    main()
