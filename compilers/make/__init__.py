"""Make.com: specs to blueprints."""
