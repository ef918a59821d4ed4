"""A user's project: kws.yaml, its labels, and where its files are."""
