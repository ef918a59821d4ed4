"""doctor's checks: what doors found out about this computer goes in, findings come out. Nothing here looks itself."""
