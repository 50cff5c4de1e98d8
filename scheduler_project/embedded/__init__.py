"""Real PostgreSQL and Valkey servers from Python wheels, for development and tests.

Production installs none of this: there DATABASE_URL and BROKER_URL name the servers.
"""
