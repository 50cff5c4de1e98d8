"""Templates that change a trigger's request, and the response before it is logged.

The fields are those of Hasura's REST connectors; the templates are the sandboxed Jinja of messages.
"""
