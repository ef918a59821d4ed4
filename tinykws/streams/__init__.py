"""Long streams to measure a detector by: what is played, the scores a model gives, what the detector makes of them."""
