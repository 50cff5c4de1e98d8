"""Who gets messages: where and what they want, what must not be sent to them, how they say no."""
