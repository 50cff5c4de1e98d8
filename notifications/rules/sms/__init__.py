"""What the networks make of a text message: alphabets, parts, numbers."""
