"""The hot lane: purchases decided and durably booked by group commit, whichever process they enter by."""
