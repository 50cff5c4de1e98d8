"""``/health`` and ``/ready``: what orchestrators, load balancers and monitors ask of a web process."""
