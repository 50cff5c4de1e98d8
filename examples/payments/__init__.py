"""A payment gateway as a user of the platform: events come in, messages go out."""
