"""From a template and its variables to a message. Pure: no database or network, and no clock
but that of the processor time which a rendering may take.

Jinja2 rather than Django's engine, because operators edit templates: undefined variables must be
errors, errors must name a line, and no Python attribute may be reached. The language is cut down
to what a message needs (``language``), values are plain JSON, and Jinja's own sandbox lies below.
"""
