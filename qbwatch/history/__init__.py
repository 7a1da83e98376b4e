"""The store: what was found, kept for alerts, reports and pandas."""
