"""Watching what runs in production: registry, pollers, snapshots, incidents."""
