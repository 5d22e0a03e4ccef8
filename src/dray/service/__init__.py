"""Files by which an init system runs a release: one typed model, and one small file per format.

Not the launcher: what starts and stops the BEAM is ``bin/NAME``, and a service calls it. See ``docs/services.md``.
"""
