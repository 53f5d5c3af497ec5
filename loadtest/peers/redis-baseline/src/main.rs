//! What Redis itself costs per message, without a chat around it: the same JSON as Rookery stores, over 100
//! rooms, with two subscribers, pipelined by the hundred. Prints the CPU of redis-server per message.

mod command;
mod load;
mod redis_server;
mod subscriber;

use std::io::Write;

use clap::Parser;
use serde::Serialize;

use command::Kind;
use redis_server::RedisServer;

#[derive(Parser)]
#[command(about = "Measures the CPU of redis-server per stored and published message")]
struct Arguments {
    /// What to send; all kinds in turn when none is named.
    #[arg(long, value_enum)]
    kind: Vec<Kind>,
    /// Messages per run.
    #[arg(long, default_value_t = 500_000)]
    messages: u64,
    /// Runs of each kind, one after the other in turn.
    #[arg(long, default_value_t = 3)]
    repetitions: u32,
    /// Core of redis-server.
    #[arg(long, default_value_t = 0)]
    redis_core: usize,
    /// Core of this program.
    #[arg(long, default_value_t = 1)]
    core: usize,
    /// One JSON object per run instead of a table.
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Run {
    kind: Kind,
    messages: u64,
    /// Bytes of the JSON of one message.
    message_bytes: usize,
    messages_per_second: f64,
    redis_cpu_us_per_message: f64,
    /// Share of one core that redis-server used; near 1 where Redis is what bounds the run.
    redis_cores: f64,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let kinds = if arguments.kind.is_empty() {
        Kind::ALL.to_vec()
    } else {
        arguments.kind.clone()
    };
    redis_server::run_on_core(arguments.core)?;
    if !arguments.json {
        say("kind           bytes  messages/s  Redis µs/message  Redis cores")?;
    }
    for _ in 0..arguments.repetitions {
        for &kind in &kinds {
            let run = measure(kind, &arguments)?;
            say(&if arguments.json {
                serde_json::to_string(&run)?
            } else {
                row(&run)
            })?;
        }
    }
    Ok(())
}

fn measure(kind: Kind, arguments: &Arguments) -> anyhow::Result<Run> {
    let redis = RedisServer::start(arguments.redis_core)?;
    let measured = load::run(&redis, kind, arguments.messages)?;
    let seconds = measured.wall.as_secs_f64();
    let cpu = measured.redis_cpu.as_secs_f64();
    let messages = measured.messages as f64;
    Ok(Run {
        kind,
        messages: measured.messages,
        message_bytes: measured.message_bytes,
        messages_per_second: messages / seconds,
        redis_cpu_us_per_message: cpu * 1e6 / messages,
        redis_cores: cpu / seconds,
    })
}

fn row(run: &Run) -> String {
    format!(
        "{:<13} {:>6} {:>11.0} {:>17.2} {:>12.2}",
        run.kind.as_str(),
        run.message_bytes,
        run.messages_per_second,
        run.redis_cpu_us_per_message,
        run.redis_cores
    )
}

fn say(line: &str) -> std::io::Result<()> {
    writeln!(std::io::stdout(), "{line}")
}
