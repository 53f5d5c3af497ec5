//! What a run with idle connections found, as figures.

use super::super::{Measured, Stage, figures::of_quantiles};
use super::Idle;
use crate::{
    engine::Latency,
    outcome::{Better, Counts, Figure, Quantiles},
};

impl Idle {
    pub(super) fn measured(&self, stage: &Stage) -> Measured {
        let heard = &self.heard;
        Measured {
            seconds: self.held_s,
            delivered: heard.counts.received,
            cpu_us: stage.sampler.cpu_us(),
            counts: Counts {
                connections: self.connections as u64,
                lost_connections: self.lost,
                ..heard.counts.clone()
            },
            latencies: [
                ("delivery".to_owned(), quantiles(&heard.latencies)),
                ("connect".to_owned(), quantiles(&heard.connecting)),
            ]
            .into(),
            ..Measured::default()
        }
    }

    pub(super) fn figures(&self) -> Vec<Figure> {
        let each = |bytes: u64| bytes as f64 / self.connections as f64;
        let kernel = self.memory.kernel;
        let mut figures: Vec<Figure> = [
            (
                "bytes_per_connection",
                "Resident in the node per connection",
                self.memory.nodes,
            ),
            (
                "anonymous_bytes_per_connection",
                "Of these, allocated",
                self.memory.nodes_anonymous,
            ),
            (
                "kernel_bytes_per_connection",
                "In the kernel per connection, both ends",
                kernel.slab_bytes + kernel.tcp_buffer_bytes,
            ),
            (
                "redis_bytes_per_connection",
                "In Redis per connection",
                self.memory.redis,
            ),
            (
                "generator_bytes_per_connection",
                "In the generator per connection",
                self.memory.generator,
            ),
            (
                "machine_bytes_per_connection",
                "Of the machine's memory per connection, all together",
                kernel.available_bytes,
            ),
        ]
        .into_iter()
        .map(|(key, name, bytes)| Figure::new(key, name, "bytes", each(bytes), Better::Lower))
        .collect();
        figures.extend(self.figures_of_time());
        figures
    }

    fn figures_of_time(&self) -> Vec<Figure> {
        let connections = self.connections as f64;
        let delivery = quantiles(&self.heard.latencies);
        let mut figures = vec![
            Figure::new(
                "message_to_all_ms",
                "A message to all, until the last has it",
                "ms",
                delivery.max_us as f64 / 1000.0,
                Better::Lower,
            ),
            Figure::new(
                "connections_per_s",
                "Connections made",
                "1/s",
                connections / self.connect_s.max(1e-9),
                Better::Higher,
            ),
            Figure::new(
                "cpu_us_per_connection",
                "CPU of the nodes per connection made",
                "µs",
                self.connect_cpu_us as f64 / connections,
                Better::Lower,
            ),
            Figure::new(
                "idle_cpu_share",
                "CPU of the nodes while all hold still, of one core",
                "",
                self.held_cpu_us as f64 / 1e6 / self.held_s.max(1e-9),
                Better::Lower,
            ),
            Figure::new(
                "heartbeats",
                "Heartbeats answered meanwhile",
                "",
                self.heartbeats as f64,
                Better::Higher,
            ),
        ];
        figures.extend(of_quantiles("delivery", "the message to all", &delivery));
        figures
    }
}

fn quantiles(recorded: &[(u64, u64)]) -> Quantiles {
    let mut latency = Latency::new();
    latency.record_all(recorded);
    latency.quantiles()
}
