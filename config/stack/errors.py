"""What can go wrong with the processes that `make up` runs."""


class StackError(Exception):
    """Say what could not be started or stopped, what was found, and what to do next.

    `up` prints the text alone, without a traceback: it must be enough for the person at the terminal.
    """
