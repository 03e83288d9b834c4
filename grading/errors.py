"""What stops a command, and what calls an answer wrong. The message is for the people who see it."""


class Refused(Exception):
    """The command can't start or go on; the message says why and what to do."""


class NoSandbox(Refused):
    """The sandbox can't be had, or what it gives can't be trusted."""


class Unreadable(Exception):
    """A file is not a notebook; the message says what is wrong."""


class Wrong(Exception):
    """An answer is not right; the message tells the student what kind of mistake it is, and no hidden number."""
