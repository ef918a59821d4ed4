"""What a model costs on a board: instructions, time, flash and RAM."""
