"""Sample logs, a package so that `qbwatch demo` finds them wherever it is installed."""
