"""From recordings and spoken words to training material: what to speak, which clips to use, how to alter them."""
