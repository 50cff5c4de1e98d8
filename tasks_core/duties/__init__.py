"""What runs in beat: each duty, and the list of them."""
