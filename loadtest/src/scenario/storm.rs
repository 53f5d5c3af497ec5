//! `storm`: everybody drops at once, messages are written meanwhile, and all
//! come back at once with their cursors. How long until each has everything?

use anyhow::ensure;
use clap::Args;

use super::{Stage, figures::of_quantiles};
use crate::{
    engine::{Happened, MembershipId, Nanos, SeatId},
    flags::{Common, at_least_one},
    outcome::{Better, Figure, Outcome, Role},
};

/// How long all may take to come back, in seconds.
const PATIENCE_S: f64 = 120.0;
/// How long the messages that are missed may take to be stored.
const PATIENCE_TO_WRITE_S: f64 = 120.0;

/// The flags of `storm`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Connections, each a user of its own
    #[arg(long, default_value_t = 19_800, value_name = "NUMBER", value_parser = at_least_one)]
    pub(crate) connections: usize,

    /// Connections in each room
    #[arg(long, default_value_t = 1000, value_name = "NUMBER", value_parser = at_least_one)]
    pub(crate) members: usize,

    /// Messages that are written to each room while its members are away
    #[arg(long, default_value_t = 50, value_name = "NUMBER")]
    pub(crate) behind: usize,

    /// Members of each room that do not drop; the first of them writes
    #[arg(long, default_value_t = 1, value_name = "NUMBER", value_parser = at_least_one)]
    pub(crate) stay: usize,

    /// Connections in the making at once
    #[arg(long, default_value_t = 1000, value_name = "NUMBER", value_parser = at_least_one)]
    pub(crate) handshakes: usize,

    #[command(flatten)]
    pub(crate) common: Common,
}

/// Runs it.
///
/// # Errors
///
/// Where nothing can be measured, with what to do.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<Outcome> {
    let Arguments {
        connections,
        members,
        behind,
        stay,
        ..
    } = *arguments;
    ensure!(
        stay < members,
        "with --stay {stay} of --members {members} nobody drops"
    );
    let mut stage = Stage::set_up(&arguments.common, "storm", connections)?;
    stage.setting("connections", connections);
    stage.setting("members", members);
    stage.setting("behind", behind);
    let people = People::seat(&mut stage, connections, members, stay);
    stage.connect_all()?;
    stage.engine.allow_handshakes(arguments.handshakes);

    stage.begin_span();
    let dropped = stage.engine.now();
    for &seat in &people.leaving {
        stage.engine.drop_connection(seat);
    }
    write_what_is_missed(&mut stage, &people, behind)?;
    let reads_before = range_reads(&stage)?;
    let cpu_before = stage.cpu_us_of(Role::Node);
    let called = stage.engine.now();
    come_back(&mut stage, &people)?;
    let done = stage.engine.now();
    let storm = Storm {
        returned: people.leaving.len(),
        away_s: called.seconds_since(dropped),
        return_s: done.seconds_since(called),
        node_cpu_us: stage.cpu_us_of(Role::Node) - cpu_before,
        range_reads: range_reads(&stage)?
            .zip(reads_before)
            .map(|(after, before)| after - before),
        rooms_and_nodes: people.writers.len() * stage.nodes(),
        expected_events: behind * people.leaving.len(),
    };
    let measured = stage.end()?;
    let figures = storm.figures(&stage);
    storm.audit(&mut stage);
    Ok(stage.conclude(measured, figures))
}

/// Who drops and who writes.
struct People {
    leaving: Vec<SeatId>,
    /// One for each room.
    writers: Vec<MembershipId>,
}

impl People {
    fn seat(stage: &mut Stage, connections: usize, members: usize, stay: usize) -> Self {
        stage.engine.add_seats(connections, members);
        let engine = &stage.engine;
        let rooms = engine.rooms();
        let writers = rooms.iter().map(|room| room.members[0]).collect();
        let leaving = rooms.iter().flat_map(|room| room.members.iter().skip(stay));
        let leaving = leaving
            .map(|&member| engine.membership(member).seat)
            .collect();
        Self { leaving, writers }
    }
}

/// Writes to every room in turn, and waits until all is stored.
fn write_what_is_missed(stage: &mut Stage, people: &People, behind: usize) -> anyhow::Result<()> {
    let wanted = behind * people.writers.len();
    stage
        .progress
        .begin("writing what they miss", wanted as u64, "");
    let end = stage.engine.now().plus_seconds(PATIENCE_TO_WRITE_S);
    let before = stage.engine.tally().acknowledged;
    for _ in 0..behind {
        for &writer in &people.writers {
            let now = stage.engine.now();
            ensure!(
                stage.engine.send(writer, now).is_some(),
                "a member that was to stay was lost: {:?}",
                stage.engine.reasons()
            );
        }
        stage.turn(Nanos(0))?;
    }
    let acknowledges = stage.engine.acknowledges();
    while acknowledges && stage.engine.tally().acknowledged - before < wanted as u64 {
        stage.turn(stage.engine.now().plus_seconds(0.05))?;
        stage
            .progress
            .at(stage.engine.tally().acknowledged - before);
        ensure!(
            stage.engine.now() < end && !stage.stop.requested(),
            "only {} of {wanted} messages were stored; {:?}",
            stage.engine.tally().acknowledged - before,
            stage.engine.reasons()
        );
    }
    Ok(())
}

/// All come back at once; who is refused tries again.
fn come_back(stage: &mut Stage, people: &People) -> anyhow::Result<()> {
    let seats = stage.engine.seats();
    stage
        .progress
        .begin("coming back", people.leaving.len() as u64, "");
    let now = stage.engine.now();
    let end = now.plus_seconds(PATIENCE_S);
    for &seat in &people.leaving {
        stage.engine.connect(seat, now);
    }
    let staying = seats - people.leaving.len();
    while stage.engine.joined() < seats {
        stage.turn(stage.engine.now().plus_seconds(0.1))?;
        stage
            .progress
            .at(stage.engine.joined().saturating_sub(staying) as u64);
        for happened in stage.engine.take_happened() {
            if let Happened::Lost { seat, .. } = happened {
                stage.engine.connect(seat, now);
            }
        }
        if stage.engine.now() > end || stage.stop.requested() {
            break;
        }
    }
    Ok(())
}

/// How often the nodes read a range of events out of Redis; `None` where there
/// is no Redis, or the nodes are not ours to ask.
fn range_reads(stage: &Stage) -> anyhow::Result<Option<u64>> {
    let Some(fleet) = stage.fleet.as_ref().filter(|fleet| fleet.redis().is_some()) else {
        return Ok(None);
    };
    let reads = fleet.metric("rookery_range_reads_total")?;
    Ok(Some(reads as u64))
}

/// What came of it.
struct Storm {
    returned: usize,
    away_s: f64,
    return_s: f64,
    node_cpu_us: u64,
    range_reads: Option<u64>,
    rooms_and_nodes: usize,
    expected_events: usize,
}

impl Storm {
    fn figures(&self, stage: &Stage) -> Vec<Figure> {
        let tally = stage.engine.tally();
        let (catch_up, resume) = (tally.catch_up.quantiles(), tally.resume.quantiles());
        let seconds =
            |key: &str, name: &str, value: f64| Figure::new(key, name, "s", value, Better::Lower);
        let mut figures = vec![
            seconds(
                "slowest_catch_up_s",
                "The slowest, from its WebSocket to having everything",
                catch_up.max_us as f64 / 1e6,
            ),
            seconds(
                "return_s",
                "All have everything, from the moment of coming back",
                self.return_s,
            ),
            seconds(
                "storm_s",
                "All have everything, from the drop",
                self.away_s + self.return_s,
            ),
        ];
        figures.extend(of_quantiles("catch_up", "catching up", &catch_up));
        figures.extend(of_quantiles(
            "resume",
            "coming back, queueing included",
            &resume,
        ));
        figures.push(Figure::new(
            "cpu_us_per_return",
            "CPU of the nodes per connection that came back",
            "µs",
            self.node_cpu_us as f64 / self.returned.max(1) as f64,
            Better::Lower,
        ));
        if let Some(reads) = self.range_reads {
            figures.push(Figure::new(
                "range_reads",
                "Ranges read from Redis",
                "",
                reads as f64,
                Better::Lower,
            ));
            figures.push(Figure::new(
                "range_reads_per_room_and_node",
                "Ranges read from Redis per room and node",
                "",
                reads as f64 / self.rooms_and_nodes.max(1) as f64,
                Better::Lower,
            ));
        }
        figures
    }

    /// Notes where somebody did not get exactly what was missed.
    fn audit(&self, stage: &mut Stage) {
        let recovered = stage.engine.tally().recovered;
        if recovered != self.expected_events as u64 {
            stage.remark(format!(
                "{recovered} events came in answers to cursors where {} were expected",
                self.expected_events
            ));
        }
        stage.remark_fresh_snapshots();
    }
}
