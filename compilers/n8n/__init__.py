"""n8n: specs to workflows."""
