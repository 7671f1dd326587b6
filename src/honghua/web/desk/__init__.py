"""The desk: where strategists, reviewers, operations, care, collectors and auditors see what the platform does, and steer it."""
