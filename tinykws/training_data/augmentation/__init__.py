# SPDX-License-Identifier: Apache-2.0
"""How training clips are altered: position, speed, rooms, microphones, noise, masks."""
