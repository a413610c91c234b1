"""Transcripts: fetched, shown, and handed out as files."""
