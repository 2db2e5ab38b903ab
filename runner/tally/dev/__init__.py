"""`tally dev`: the whole product on one machine, without a cluster: schedules, limits, the rules for overlapping runs.

`planner` decides, `store` remembers, `execution` runs one execution as pods would, `reading` reads the jobs folder, and
`session` puts them together; `screen` shows them.
"""
