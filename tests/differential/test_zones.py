"""What tally.cron knows of the zones beside Python's own time-zone database, over all zones: its leaps rely on it."""

from datetime import UTC, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo, available_timezones

from tally.cron.zones import stretch_of


def test_no_change_of_the_clocks_is_missed_between_two_looks_at_a_zone() -> None:
    first, last = (int(datetime(year, 1, 1, tzinfo=UTC).timestamp()) for year in (2020, 2040))
    for name in sorted(available_timezones()):
        zone = ZoneInfo(name)
        for instant in range(first, last, 60 * 3600):  # less than half of the time between two looks
            offset = datetime.fromtimestamp(instant, zone).utcoffset()
            assert offset == timedelta(seconds=stretch_of(zone, instant).offset), (name, instant)


def test_stretches_tell_the_zones_own_offset() -> None:
    random = Random(7)
    first, last = (int(datetime(year, 1, 1, tzinfo=UTC).timestamp()) for year in (1850, 9900))
    for name in sorted(available_timezones()):
        zone = ZoneInfo(name)
        for _ in range(40):
            instant = random.choice([random.randrange(first, last), random.randrange(4_000_000_000)])
            stretch = stretch_of(zone, instant)
            assert stretch.start <= instant < stretch.end
            for within in (instant, stretch.start, stretch.end - 1):
                offset = datetime.fromtimestamp(within, zone).utcoffset()
                assert offset == timedelta(seconds=stretch.offset), (name, within)
