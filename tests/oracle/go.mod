// robfig/cron itself, the cron of the CronJob controller, behind JSON lines: what tally.cron must agree with.
module tally.dev/oracle

go 1.22

require github.com/robfig/cron/v3 v3.0.1
