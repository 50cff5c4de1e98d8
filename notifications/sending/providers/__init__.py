"""Accounts with those who carry messages: their credentials, their order, and failing over."""
