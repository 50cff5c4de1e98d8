"""What operators type about notifications."""
