"""Each op becomes the call of a kernel with constant parameters."""
