"""Headgate's tests. The first folder is the tier; docs/how-to/work-on-headgate.md says what belongs where."""
