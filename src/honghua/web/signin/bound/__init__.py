"""The device that a customer was proven with: bound by the proofing, recognised at sign-in by its signature, bound no longer when lost."""
