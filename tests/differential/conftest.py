"""Fixtures of the comparisons with other programs: those of the integration tests."""

from tests.integration.conftest import built, epmd, launch, mix_built, port

__all__ = ["built", "epmd", "launch", "mix_built", "port"]
