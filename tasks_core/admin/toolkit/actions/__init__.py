"""What operators do to rows: each action shows a page that asks, and says afterwards what happened."""
