"""What the development stack cannot do."""


class StackError(Exception):
    """The stack cannot do what was asked; the text says in a sentence what is wrong and what to do."""
