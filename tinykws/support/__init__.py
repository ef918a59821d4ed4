"""What every room needs and no subject owns: errors, files, processes, downloads, progress."""
