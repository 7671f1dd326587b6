"""Score slots: the inputs of a policy that a bundle fills with a model of its own."""
