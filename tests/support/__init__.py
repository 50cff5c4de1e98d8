"""Servers, processes and rows that tests of all rooms use."""
