"""Every SQL statement of the store: one named function each, with a line that says what for."""
