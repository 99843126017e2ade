"""The error that ends a local command."""


class LocalFailure(Exception):
    """Shown to the user as its message only, without a traceback."""
