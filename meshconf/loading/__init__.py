"""From sources to a frozen configuration: read, merge, structure; diagnose if that fails."""
