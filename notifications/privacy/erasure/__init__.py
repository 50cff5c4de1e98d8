"""Erasing a person: the address goes from every row that holds it, and with it what was said to it."""
