"""The shop that the jobs work for: its tables, its sample data, and the services around it."""
