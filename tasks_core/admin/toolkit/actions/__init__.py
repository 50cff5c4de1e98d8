"""What operators do to rows: each step shows a page that asks, and says afterwards what happened."""
