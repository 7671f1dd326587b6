"""What machines could not settle: contracts that wait for a person, payments of which the gateway said what cannot be."""
