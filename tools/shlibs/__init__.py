"""Writes the files of src/dray/package/deb/data from what the distributions' own packages say."""
