"""What can keep a local stack from starting, in words a person can act on."""


class LocalFailure(Exception):
    """Its message is all that a person is shown; there is no traceback to read."""
