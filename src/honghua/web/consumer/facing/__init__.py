"""Recording one's face for a proof – joining, a purchase that waits, a device – and the device that is bound by it."""
