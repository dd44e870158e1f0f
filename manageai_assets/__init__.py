"""The Dagster code location: from a client's intake to a delivery package, and everything after it."""
