"""Tables that people hand in as files: CSV as spreadsheets and other programs write it."""
