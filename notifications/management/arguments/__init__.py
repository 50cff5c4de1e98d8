"""Arguments of the commands about notifications."""
