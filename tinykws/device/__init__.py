"""The host's side of the serial line, without the line: the protocol, a session with a device, the verdict."""
