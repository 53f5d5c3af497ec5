//! A crowd drops all its connections at once; meanwhile others connect, at a
//! steady rate. The crowd has an engine and a thread of its own, so that
//! closing its sockets does not hold up those who are measured.

use std::{
    collections::VecDeque,
    sync::mpsc::{self, Receiver, Sender, TryRecvError},
    thread,
    time::Duration,
};

use anyhow::{Context, ensure};

use super::Arguments;
use crate::{
    engine::{Engine, Happened, Latency, Nanos, Schedule, SeatId, Stop},
    outcome::{Better, Figure, Outcome},
    scenario::{Stage, figures::of_quantiles},
};

/// New connections a second, where nothing else is said.
const RATE: f64 = 200.0;
/// Seats that newcomers take in turn; each leaves as soon as it has joined.
const NEWCOMERS: usize = 400;
/// How long newcomers come before the drop, and after it, in seconds.
const BEFORE_S: f64 = 3.0;
const AFTER_S: f64 = 5.0;
/// How long the crowd may take to connect, beside a millisecond for each, and
/// the last newcomers: time alone fails no run on a machine that is merely busy.
const PATIENCE: Duration = Duration::from_secs(180);

/// Runs it.
///
/// # Errors
///
/// Where nothing can be measured, with what to do.
pub(super) fn run(arguments: &Arguments) -> anyhow::Result<Outcome> {
    let connections = arguments.connections;
    let rate = arguments.rate.unwrap_or(RATE);
    let mut stage = Stage::set_up(&arguments.common, "connect", connections + NEWCOMERS)?;
    stage.setting("dropped at once", connections);
    stage.setting("members", arguments.members);
    stage.setting("rate", rate);
    let mut crowd = stage
        .engine
        .sibling(1)
        .context("cannot make a second engine")?;
    crowd.allow_handshakes(arguments.handshakes);
    crowd.add_seats(connections, arguments.members);
    let lobby = stage.engine.add_room();
    for index in 0..NEWCOMERS {
        let target = stage.engine.target_of(index);
        stage.engine.add_visitor(target, &[lobby]);
    }
    let mut newcomers = Newcomers::default();
    let stop = stage.stop.clone();
    thread::scope(|scope| {
        let (tell, told) = mpsc::channel();
        let (report, reported) = mpsc::channel();
        let dropping = scope.spawn(move || drop_when_told(crowd, &told, &report, &stop));
        stage
            .progress
            .begin("connecting the crowd", connections as u64, "");
        while let Ok(joined) = reported.recv() {
            stage.progress.at(joined as u64);
            if joined == connections {
                newcomers.come(&mut stage, rate, &tell)?;
                break;
            }
        }
        drop(tell);
        match dropping.join() {
            Ok(done) => done,
            Err(panic) => std::panic::resume_unwind(panic),
        }
    })?;
    let mut measured = stage.end()?;
    measured.counts.connections = connections as u64;
    newcomers.remark(&mut stage);
    let figures = newcomers.figures();
    measured.latencies.clear();
    measured
        .latencies
        .insert("connect before".into(), newcomers.before.quantiles());
    measured
        .latencies
        .insert("connect".into(), newcomers.meanwhile.quantiles());
    Ok(stage.conclude(measured, figures))
}

/// Connects the crowd, holds it until told, and drops it.
fn drop_when_told(
    mut crowd: Engine,
    told: &Receiver<()>,
    report: &Sender<usize>,
    stop: &Stop,
) -> anyhow::Result<()> {
    let seats: Vec<SeatId> = crowd.seat_ids().collect();
    let now = crowd.now();
    let patience = PATIENCE + Duration::from_millis(seats.len() as u64);
    let end = now.plus_seconds(patience.as_secs_f64());
    for &seat in &seats {
        crowd.connect(seat, now);
    }
    while crowd.joined() < seats.len() {
        crowd.turn(crowd.now().plus_seconds(0.1))?;
        ensure!(!stop.requested(), "ended before anything was measured");
        ensure!(
            crowd.now() < end && crowd.tally().lost_connections == 0,
            "only {} of {} connections joined; {:?}",
            crowd.joined(),
            seats.len(),
            crowd.reasons()
        );
        // Nobody listens any more where the run has failed.
        let _ = report.send(crowd.joined());
    }
    while told.try_recv() == Err(TryRecvError::Empty) {
        crowd.turn(crowd.now().plus_seconds(0.005))?;
    }
    ensure!(
        crowd.tally().lost_connections == 0,
        "connections of the crowd were lost before they were dropped: {:?}",
        crowd.reasons()
    );
    for seat in seats {
        crowd.drop_connection(seat);
    }
    Ok(())
}

/// Those who connect while the crowd is there and while it goes.
#[derive(Default)]
struct Newcomers {
    before: Latency,
    meanwhile: Latency,
    dropped_at: Option<Nanos>,
    /// Seats that nobody has taken.
    free: Vec<SeatId>,
    /// When those were to come for whom no seat is free: they come late, and
    /// their latencies hold that.
    late: VecDeque<Nanos>,
    most_late: usize,
}

impl Newcomers {
    /// They come at a rate; in between the crowd is told to go.
    fn come(&mut self, stage: &mut Stage, rate: f64, crowd: &Sender<()>) -> anyhow::Result<()> {
        stage.begin(BEFORE_S + AFTER_S);
        let began = stage.engine.now();
        let drop_at = began.plus_seconds(BEFORE_S);
        let end = drop_at.plus_seconds(AFTER_S);
        self.free = stage.engine.seat_ids().collect();
        let mut schedule = Schedule::new(began, rate);
        while stage.engine.now() < end && !stage.stop.requested() {
            if self.dropped_at.is_none() && stage.engine.now() >= drop_at {
                self.dropped_at = Some(stage.engine.now());
                // A crowd that is gone says why when its thread is joined.
                let _ = crowd.send(());
            }
            while let Some(due) = schedule.take_due(stage.engine.now()) {
                self.late.push_back(due);
            }
            self.connect_due(stage);
            stage.turn(schedule.next().min(end))?;
            self.take_in(stage);
        }
        self.wait_for_the_last(stage)
    }

    fn connect_due(&mut self, stage: &mut Stage) {
        while let Some(&due) = self.late.front() {
            let Some(seat) = self.free.pop() else { break };
            self.late.pop_front();
            stage.engine.connect(seat, due);
        }
        self.most_late = self.most_late.max(self.late.len());
    }

    /// Those who came in time and are not in yet are the slowest of all.
    fn wait_for_the_last(&mut self, stage: &mut Stage) -> anyhow::Result<()> {
        let end = stage.engine.now().plus_seconds(PATIENCE.as_secs_f64());
        while self.free.len() < NEWCOMERS || !self.late.is_empty() {
            ensure!(
                stage.engine.now() < end,
                "{} newcomers are not in after {PATIENCE:?}",
                NEWCOMERS - self.free.len() + self.late.len()
            );
            if stage.stop.requested() {
                break;
            }
            self.connect_due(stage);
            stage.turn(stage.engine.now().plus_seconds(0.05))?;
            self.take_in(stage);
        }
        Ok(())
    }

    fn take_in(&mut self, stage: &mut Stage) {
        for happened in stage.engine.take_happened() {
            let seat = match happened {
                Happened::Joined { seat, took_us, .. } => {
                    let asked = stage.engine.now().0.saturating_sub(took_us * 1000);
                    let meanwhile = self.dropped_at.is_some_and(|dropped| asked >= dropped.0);
                    let latency = if meanwhile {
                        &mut self.meanwhile
                    } else {
                        &mut self.before
                    };
                    latency.record(took_us);
                    stage.engine.retire(seat);
                    seat
                }
                // It is among the counts, and its reason among the remarks.
                Happened::Lost { seat, .. } | Happened::GivenUp { seat, .. } => seat,
            };
            self.free.push(seat);
        }
    }

    fn remark(&self, stage: &mut Stage) {
        if self.most_late > 0 {
            stage.remark(format!(
                "up to {} newcomers at once came late, since {NEWCOMERS} others were not in yet; latencies hold that",
                self.most_late
            ));
        }
    }

    fn figures(&self) -> Vec<Figure> {
        let meanwhile = self.meanwhile.quantiles();
        let mut figures: Vec<Figure> =
            of_quantiles("new_connection", "a new connection meanwhile", &meanwhile).into();
        figures.push(Figure::new(
            "new_connection_max_us",
            "The slowest new connection meanwhile",
            "µs",
            meanwhile.max_us as f64,
            Better::Lower,
        ));
        figures.extend(of_quantiles(
            "new_connection_before",
            "a new connection before",
            &self.before.quantiles(),
        ));
        figures
    }
}
