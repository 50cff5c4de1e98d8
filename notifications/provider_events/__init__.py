"""What providers report about messages: checked, stored once, and followed."""
