"""One-time codes that may be sent again: kept sealed while they are valid, and not a moment longer."""
