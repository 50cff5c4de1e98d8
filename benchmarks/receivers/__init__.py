"""What deliveries go to: servers that cost little, and note what arrives in the ledger."""
