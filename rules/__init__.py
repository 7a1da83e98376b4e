"""Records and runs become events: why a sync failed, and what mends it."""
