"""What the chip computes, computed here: the C of firmware/lib/kws behind Python, and the tables it runs on."""
