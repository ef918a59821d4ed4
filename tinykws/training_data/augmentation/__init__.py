"""How training clips are altered: position, speed, rooms, microphones, noise, masks."""
