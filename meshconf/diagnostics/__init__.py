"""What went wrong, where it stands, and how it is said."""
