"""Pure rules: no Django, no database, no clock. What they need is handed to them."""
