"""What several pages of notifications share."""
