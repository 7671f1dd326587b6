"""`honghua bench proofing`: people and attacks that are synthetic, and the rates at which the biometric modules are wrong on them."""
