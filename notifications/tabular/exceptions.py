"""What is wrong with a file."""


class UnreadableTable(ValueError):
    """A file cannot be read as a table; nothing of it was used.

    Attributes:
        line: where, as an editor counts, from 1.
        problem: what is wrong and what would be right; it quotes nothing of the file.
    """

    def __init__(self, line: int, problem: str) -> None:
        super().__init__(f"line {line}: {problem}")
        self.line = line
        self.problem = problem
