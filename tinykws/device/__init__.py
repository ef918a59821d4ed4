# SPDX-License-Identifier: Apache-2.0
"""A board that runs our firmware: the serial protocol, sessions, monitoring."""
