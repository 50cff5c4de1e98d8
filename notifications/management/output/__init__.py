"""Rows of the notifications app as commands show them."""
