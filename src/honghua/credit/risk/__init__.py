"""The risk engine's side of the credit room: what facts teach it."""
