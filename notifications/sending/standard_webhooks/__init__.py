"""Standard Webhooks: secrets, signing what goes out, verifying what comes in."""
