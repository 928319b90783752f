//! CloudWatch: alarms, and the metrics that nodes bring with them.
//!
//! [`metrics`] knows which series exist, [`insights`] and [`math`] read queries over them, [`alarm`] keeps alarms,
//! [`valid`] refuses impossible ones, [`data`] answers for numbers.

pub mod alarm;
pub mod data;
mod databases;
pub mod insights;
pub mod math;
pub mod metrics;
pub mod valid;

pub use alarm::Alarm;

use super::service::Operation;

/// The operations of this service.
pub const OPERATIONS: &[(&str, Operation)] = &[
    ("PutMetricAlarm", alarm::put),
    ("DescribeAlarms", alarm::describe),
    ("DeleteAlarms", alarm::delete),
    ("ListTagsForResource", alarm::tags),
    ("TagResource", alarm::tag),
    ("ListMetrics", data::list),
    ("GetMetricData", data::get),
    ("GetMetricStatistics", data::statistics),
];
