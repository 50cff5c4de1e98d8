"""Events and who subscribes to them."""
