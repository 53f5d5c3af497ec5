//! What the live view plots, summed up.

/// Counters at one moment; two of them make a rate.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Totals {
    pub(crate) messages_in: u64,
    pub(crate) appends: u64,
    pub(crate) deliveries: u64,
    pub(crate) delivered_bytes: u64,
    pub(crate) slow_consumers: u64,
    pub(crate) appends_failed: u64,
    pub(crate) http_requests: u64,
    /// Upper bound in seconds and how many appends took at most that long.
    pub(crate) append_buckets: Vec<(f64, u64)>,
}
