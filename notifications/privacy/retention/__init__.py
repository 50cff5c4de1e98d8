"""Removing notifications by age, category by category: first their content, then their rows."""
