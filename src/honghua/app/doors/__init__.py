"""What the doors need of this machine: keys, the prover of step-ups, the gateway of messages, the identity provider."""
