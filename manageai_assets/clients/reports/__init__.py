"""The monthly report of a client: its facts, its words and pictures, its revisions, and how it reaches the client."""
