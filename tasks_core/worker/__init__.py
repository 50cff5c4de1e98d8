"""What runs in a worker: claims, attempts, leases, outcomes."""
