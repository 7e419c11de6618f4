"""The proof bundle: everything that shows what a run did, in one folder."""
