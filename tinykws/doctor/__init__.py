"""What this computer lacks for building, flashing and training, and how to fix it."""
