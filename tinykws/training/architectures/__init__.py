"""One network a module; registry.py lists them."""
