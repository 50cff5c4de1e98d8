"""What others reach over HTTP without an account: providers, and people with a link."""
