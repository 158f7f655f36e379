"""The clerk's pages. They work without JavaScript; with it, places complete while one types."""
