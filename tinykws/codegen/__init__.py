"""What generated projects are made of: C text, op resolvers, folders that keep a user's files, sizes of programs."""
