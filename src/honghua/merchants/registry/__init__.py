"""The register of merchants: applications, checks with a score, decisions with reasons, suspensions and appeals."""
