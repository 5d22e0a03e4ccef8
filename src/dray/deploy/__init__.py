"""Carries releases to hosts: what travels, how a host takes it, and in which order hosts follow."""
