"""Samples and audio files: reading, levels, noise, rooms, filters."""
