# SPDX-License-Identifier: Apache-2.0
"""What carries lines to and from a device: serial ports, sockets, emulators."""
