"""Every page and form of the admin, found by its own table of addresses, for the tests that open them all."""
