"""The addresses that nothing is sent to."""
