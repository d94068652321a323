"""What a schema and a loaded configuration say of themselves."""
