"""Native code: the ELF files of a release, and the platforms that they run on."""
