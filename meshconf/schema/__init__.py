"""What a class says of its settings, compiled once into a Model."""
