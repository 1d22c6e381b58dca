"""Worked examples, seeded in the demo; copy one to begin your own."""
