"""Telling people: what is sent to whom when, and that it arrives."""
