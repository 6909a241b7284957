"""The systems the gate runs inside: one file each; read the run's facts, write the verdict safely."""
