"""The one exception that a user ever sees."""


class UserError(Exception):
    """A mistake in what the user gave, told in one sentence: what, where, and what would be right.

    The command line prints the message without a traceback and exits with ``exit_code``.
    """

    exit_code = 2
