"""The ways a message can leave. One folder per channel; ``registry`` names them."""
