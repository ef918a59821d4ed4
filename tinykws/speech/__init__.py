"""Text-to-speech: engines, voices, accents, vocabulary, and the plan of all synthetic clips."""
