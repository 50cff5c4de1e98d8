"""Signed webhooks by the Standard Webhooks specification."""
