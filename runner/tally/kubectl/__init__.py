"""`kubectl tally`: what a person sees of ScheduledJobs and does with them, by their own kubeconfig and rights.

As data one walks in by one door: options -> `cluster` asks the API server -> `observed` and `runs` read its JSON ->
`reasons`, `firings` and the screens decide, of values and an instant, what is shown -> `terminal` shows it. Only
`cluster`, `terminal` and the command modules touch the world. This package needs the extra `kubectl`.
"""
