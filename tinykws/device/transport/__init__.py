# SPDX-License-Identifier: Apache-2.0
"""Transports, which carry lines of text to and from one device, and the serial ports they use.

A port name, a pyserial URL or a program of an emulated board comes in; an object with the methods of
line_transport.LineTransport goes out. Nothing here knows what the lines mean.

Contents:
    line_transport.LineTransport: the interface of a transport.
    serial_ports.list_ports: lists the serial ports of this computer.
    serial_ports.find_port: finds the port that a board is on.
    serial_ports.named_port: checks the port that the user named.
    serial_ports.find_any_port: finds a port that any known board is on.
    serial_ports.boards_on: lists the boards that may be on a port.
    serial_ports.find_again: finds a board that left its port, as after a reset.
    serial_ports.describe: describes a port in one line.
    serial_transport.open_transport: opens a serial port or pyserial URL.
    serial_transport.busy_port_advice: gives hints for a port that another program uses.
    port_access.PortAccess: lists and opens ports, and waits; replaceable in tests.
    reconnecting.reconnecting_transport: opens a port that can be opened again after a loss.
    emulator.emulated: starts an emulated board and connects to it.
    emulator.slot_file: the file that an emulator takes for a board's model slot.
    emulator.emulator_command: returns the command that starts it.
    emulator.emulator_environment: returns its environment variables.
    emulator.describe_exit: explains its exit code.
    emulator.free_port: finds a free TCP port.
    shared_file.open_shared_file: creates the file of the fast transport.
    shared_file.SharedFileTransport: sends through that file.
"""
