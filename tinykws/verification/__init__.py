"""Does the device compute what the host computes? Traces, verdicts, reports."""
