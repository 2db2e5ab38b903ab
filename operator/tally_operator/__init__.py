"""The operator: turns a ScheduledJob into a CronJob, keeps its count, and takes the CronJob away at the limit."""
