"""A service that hands messages to a relay; its configuration has a history of three versions."""
