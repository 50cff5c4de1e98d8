"""Fields of forms that read what people write, as the commands do."""
