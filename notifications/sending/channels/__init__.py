"""The ways a message can leave. A folder each; ``channel_api.registry`` names them."""
