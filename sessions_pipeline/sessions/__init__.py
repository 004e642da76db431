"""Sessions: telemetry, transcript rendering, redaction, eligibility, and the archive that forgets nothing."""
