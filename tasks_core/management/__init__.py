"""What operators type: management commands, their arguments and their output."""
