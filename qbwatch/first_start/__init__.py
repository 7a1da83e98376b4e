"""The first start on a machine: find its logs, ask for the rest, write a configuration that can be used at once."""
