"""Laws of the faces."""
