"""Recordings and synthetic clips on their way to build/dataset/."""
