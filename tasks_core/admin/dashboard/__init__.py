"""The first page: how everything does."""
