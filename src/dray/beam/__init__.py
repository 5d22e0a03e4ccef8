"""The BEAM's file formats: bytes in, values out, and back. No file is read or written here."""
