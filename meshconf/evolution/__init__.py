"""Carrying changes out: steps in parsed documents and in texts, with proof, written atomically."""
