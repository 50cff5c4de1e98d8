"""Short messages through HTTP gateways."""
