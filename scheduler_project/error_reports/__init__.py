"""What Sentry is told: failed tasks, errors of the platform, and how schedules keep their time."""
