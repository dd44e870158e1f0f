"""The project's tables: builds and submissions, their migrations and their queries."""
