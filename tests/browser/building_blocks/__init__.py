"""Pages made only of the building blocks of docs/interface.md, for tests; no product page."""
