"""OpenTelemetry spans from the caller through broker and worker to the delivery.

Only the API package of OpenTelemetry is used here, and only after ``switch.enable``; the product runs
without it. Who exports the spans, and where to, is decided by the project.
"""
