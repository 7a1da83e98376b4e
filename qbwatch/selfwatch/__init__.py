"""The watcher watched: its findings about itself, the ping to an outside eye, the canary, metrics and its own log."""
