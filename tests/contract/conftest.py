"""What the suites share."""

from tests.support.pulse import private_pulse as private_pulse  # noqa: PLC0414 - pytest finds it here by its name
