"""Tests about the repository itself: small, and true of every file in it."""
