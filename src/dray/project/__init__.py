"""The facts of a source tree: what kind of project it is, what it describes, and whether it has changed."""
