"""Changing files that their authors wrote: by splices, with proof, atomically."""
