"""From generated files to firmware: PlatformIO, generated folders, sizes of programs."""
