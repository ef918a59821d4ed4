"""Recording clips through this computer's microphone or a board's, and checking microphones."""
