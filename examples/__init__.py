"""Examples: a payment gateway that tells its customers and merchants what happens, and its demo."""
