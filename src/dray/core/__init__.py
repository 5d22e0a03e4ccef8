"""The values dray works with: stdlib only, no I/O, nothing but immutable data."""
