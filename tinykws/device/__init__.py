"""A board that runs our firmware: the serial protocol, sessions, monitoring."""
