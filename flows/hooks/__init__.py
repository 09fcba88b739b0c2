"""Where carriers call us. Knows no connector by name; never imports pages or the API."""
