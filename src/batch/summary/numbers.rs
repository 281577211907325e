//! Numbers, shares and times for people.

use std::time::Duration;

use indicatif::HumanCount;

/// The number with a comma at each thousand.
pub(super) fn grouped(number: u64) -> String {
    HumanCount(number).to_string()
}

/// The number and what it counts.
pub(super) fn counted(number: u64, one: &str, more: &str) -> String {
    format!("{} {}", grouped(number), if number == 1 { one } else { more })
}

/// The share in percent. Only 0 reads as 0%, and only the whole as 100%.
pub(super) fn percent(part: u64, whole: u64) -> String {
    if part == 0 || whole == 0 {
        return "0%".to_owned();
    }
    if part >= whole {
        return "100%".to_owned();
    }
    let whole = u128::from(whole);
    match (u128::from(part) * 1000 + whole / 2) / whole {
        0 => "<0.1%".to_owned(),
        1000 => ">99.9%".to_owned(),
        tenths => format!("{}.{}%", tenths / 10, tenths % 10),
    }
}

/// The share, from 0 to 1; of nothing it is 0.
pub(super) fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 {
        return 0.0;
    }
    // The lost digits do not show in a chart.
    (part as f64 / whole as f64).min(1.0)
}

/// A time, rounded for people. indicatif's `HumanDuration` is too rough for a finished run: it has "2 minutes" for
/// 1 min 52 s and "0 seconds" for 12 ms.
pub(super) fn rounded_time(time: Duration) -> String {
    // Rounded first: 59.96 s must not become 60.0 s.
    let tenths = (time.as_millis() + 50) / 100;
    let seconds = (time.as_millis() + 500) / 1000;
    match (tenths, seconds) {
        (0, _) => format!("{} ms", time.as_millis()),
        (1..100, _) => format!("{}.{} s", tenths / 10, tenths % 10),
        (_, ..60) => format!("{seconds} s"),
        (_, ..3600) => format!("{} min {} s", seconds / 60, seconds % 60),
        (_, _) => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
    }
}

/// How many per second; none where the number or the time is 0.
pub(super) fn rate_per_second(number: u64, time: Duration) -> Option<String> {
    let seconds = time.as_secs_f64();
    if number == 0 || seconds <= 0.0 {
        return None;
    }
    let rate = number as f64 / seconds;
    Some(if rate < 10.0 { format!("{rate:.1}") } else { grouped(rate.round() as u64) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands() {
        let cases = [
            (0, "0"),
            (999, "999"),
            (1_000, "1,000"),
            (12_345, "12,345"),
            (1_000_000, "1,000,000"),
            (u64::MAX, "18,446,744,073,709,551,615"),
        ];
        for (number, shown) in cases {
            assert_eq!(grouped(number), shown);
        }
        assert_eq!(counted(1, "row", "rows"), "1 row");
        assert_eq!(counted(1_000, "row", "rows"), "1,000 rows");
    }

    #[test]
    fn shares() {
        let cases = [
            ("nothing of nothing", 0, 0, "0%", 0.0),
            ("something of nothing", 3, 0, "0%", 0.0),
            ("nothing", 0, 7, "0%", 0.0),
            ("all", 7, 7, "100%", 1.0),
            ("more than all", 8, 7, "100%", 1.0),
            ("a third", 1, 3, "33.3%", 1.0 / 3.0),
            ("two thirds", 2, 3, "66.7%", 2.0 / 3.0),
            ("hardly any", 1, 1_000_000, "<0.1%", 1e-6),
            ("nearly all", 999_999, 1_000_000, ">99.9%", 0.999_999),
            ("huge", u64::MAX / 2, u64::MAX, "50.0%", 0.5),
        ];
        for (name, part, whole, shown, fraction) in cases {
            assert_eq!(percent(part, whole), shown, "{name}");
            assert!((share(part, whole) - fraction).abs() < 1e-9, "{name}");
        }
    }

    #[test]
    fn times() {
        let cases = [
            (0, "0 ms"),
            (12, "12 ms"),
            (120, "0.1 s"),
            (9_940, "9.9 s"),
            (9_960, "10 s"),
            (59_960, "1 min 0 s"),
            (112_400, "1 min 52 s"),
            (3_599_600, "1 h 0 min"),
            (7_500_000, "2 h 5 min"),
        ];
        for (milliseconds, shown) in cases {
            assert_eq!(rounded_time(Duration::from_millis(milliseconds)), shown, "{milliseconds}");
        }
    }

    #[test]
    fn rates() {
        let second = Duration::from_secs(1);
        let cases = [
            ("no rows", 0, second, None),
            ("no time", 5, Duration::ZERO, None),
            ("few", 5, second * 2, Some("2.5")),
            ("many", 1_000_000, second * 112, Some("8,929")),
        ];
        for (name, number, time, shown) in cases {
            assert_eq!(rate_per_second(number, time).as_deref(), shown, "{name}");
        }
    }
}
