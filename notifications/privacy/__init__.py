"""What must not be kept: erasing a person, and removing by age."""
