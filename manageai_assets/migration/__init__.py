"""Migrations: blueprints that run at clients, as workflows of another platform, each with its report."""
