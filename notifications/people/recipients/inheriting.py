"""What stands for "as the category above says", where None stands for "leave it as it is"."""

from enum import Enum


class Inherit(Enum):
    """Has one member, so that type checkers tell it from a number."""

    INHERIT = "inherit"


INHERIT = Inherit.INHERIT
"""Take a number back: from now on it is as for the category above, and at the top as the settings say."""
