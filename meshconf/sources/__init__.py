"""Where text comes from: files, variables, .env files, directories of secrets."""
