"""What carries lines to and from a device: serial ports, sockets, emulators."""
