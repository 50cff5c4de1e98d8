"""How commands answer: tables for people, plain text for pipes, JSON for programs."""
