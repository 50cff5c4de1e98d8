"""What is wrong with a schedule, told so that it can be put right."""


class InvalidSchedule(ValueError):
    """A part of a schedule cannot be understood.

    Attributes:
        field: the part that is wrong, such as ``hour``, ``interval`` or ``dates``.
        text: the part as it was written.
        problem: what is wrong with it and what would be right.
    """

    def __init__(self, field: str, text: str, problem: str) -> None:
        super().__init__(f'{field}: "{text}" {problem}')
        self.field = field
        self.text = text
        self.problem = problem


class InvalidCron(InvalidSchedule):
    """A cron expression cannot be understood, or would never match."""


class InvalidInterval(InvalidSchedule):
    """An interval cannot be understood, or is too short or too long."""


class InvalidExclusions(InvalidSchedule):
    """An entry of an exclusion calendar cannot be understood."""


class InvalidZone(InvalidSchedule):
    """A time zone is not known."""
