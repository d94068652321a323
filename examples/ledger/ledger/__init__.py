"""A ledger of payments, kept in SQLite."""
