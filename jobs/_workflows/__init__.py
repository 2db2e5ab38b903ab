"""What the jobs change, as workflows: done whole or undone."""
