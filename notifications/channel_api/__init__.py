"""All that a channel sees and gives back."""
