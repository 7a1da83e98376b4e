"""The weekly report: facts from the store, figures and sentences from facts, and every format that it is written in."""
