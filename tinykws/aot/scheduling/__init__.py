"""Which calls run in an inference, on which bytes, and what a stream keeps between inferences."""
