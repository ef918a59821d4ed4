"""Untrusted .tflite bytes become a checked graph."""
