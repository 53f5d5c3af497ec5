//! A room against a naive model: whatever happens to the events between the
//! log and this node, and to what the node remembers, every session gets what
//! the log would have shown it and then the log after it, in order, once.

mod undone;
mod world;

use std::sync::Arc;

use futures_util::FutureExt;
use proptest::prelude::*;
use rookery_protocol::{Cursor, Epoch, Event};
use rookery_store::StoreError;

use super::{Attach, Noticed, Room};
use crate::{delivery::Instruction, single_flight::Lookup, snapshot::View};
use world::World;

/// What the world does.
#[derive(Debug, Clone)]
enum Step {
    /// Somebody appends so many events.
    Append(u64),
    /// An event of the log comes, by an answer or the channel, perhaps not for
    /// the first time. The number picks one.
    Bring(u64),
    /// The healer reads a page of so many.
    Heal(u64),
    /// A session comes, perhaps with a cursor so far back. Where the store is
    /// asked, its answer is so many events old when it comes.
    Come {
        back: Option<u64>,
        limit: u32,
        age: u64,
    },
    /// The first session goes.
    Go,
    /// The memory is needed for others.
    Evict,
    /// Something may have been missed.
    Doubt,
    /// Time passes, and with it the lifetimes of events.
    Wait(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let come = (prop::option::of(0..30u64), 1..12u32, 0..8u64);
    prop_oneof![
        3 => (1..4u64).prop_map(Step::Append),
        8 => any::<u64>().prop_map(Step::Bring),
        2 => (1..6u64).prop_map(Step::Heal),
        4 => come.prop_map(|(back, limit, age)| Step::Come { back, limit, age }),
        1 => Just(Step::Go),
        1 => Just(Step::Evict),
        1 => Just(Step::Doubt),
        1 => (1..20u64).prop_map(Step::Wait),
    ]
}

/// How long events live where they do not live for good.
const LIFETIME: u64 = 25;

proptest! {
    #[test]
    fn every_session_gets_what_the_log_shows_and_the_log_after_it(
        lifetime in prop::option::of(Just(LIFETIME)),
        catch_up in prop_oneof![Just(0), 1..20u64],
        max_messages in prop_oneof![Just(0), 5..40u64],
        steps in prop::collection::vec(step(), 0..150),
    ) {
        let mut world = World::with(lifetime, catch_up, max_messages);
        for step in steps {
            let mut view = None;
            let head = world.log.lock().head();
            match step {
                Step::Append(many) => world.append(many),
                Step::Bring(pick) if head > 0 => world.bring(pick % head + 1),
                Step::Bring(_) => {}
                Step::Heal(many) => world.heal(many),
                Step::Come { back, limit, age } => {
                    let wanted = world.view(back, limit);
                    world.come(&wanted, age);
                    view = Some(wanted);
                }
                Step::Go => world.go(),
                Step::Evict => world.room.forget_events(),
                Step::Doubt => world.room.doubt(),
                Step::Wait(ms) => world.wait(ms),
            }
            world.work(view.as_ref());
        }
        world.heal(u64::MAX / 2);
        world.work(None);
        let head = world.log.lock().head();
        for (session, (shown, got)) in &world.got {
            let wanted: Vec<u64> = (shown + 1..).take(got.len()).collect();
            prop_assert_eq!(got, &wanted, "in order, once");
            if !world.went.contains(session) {
                prop_assert_eq!(shown + got.len() as u64, head, "to the end");
            }
        }
    }
}

#[test]
fn a_storm_reads_the_log_once() {
    let mut world = World::new();
    world.append(20);
    for back in [20, 20, 7, 0] {
        let view = world.view(Some(back), 50);
        world.come(&view, 0);
        world.work(Some(&view));
    }
    let fresh = world.view(None, 10);
    world.come(&fresh, 0);
    world.work(Some(&fresh));
    assert_eq!(world.reads(), 1, "the first brought what the others need");
    world.append(3);
    (21..=23).for_each(|seq| world.bring(seq));
    let view = world.view(Some(23), 50);
    let (first, second) = (world.snapshot(&view, 0), world.snapshot(&view, 0));
    assert!(Arc::ptr_eq(&first, &second), "made once for all");
    assert_eq!(world.reads(), 1);
    drop((first, second));
    world.room.forget_events();
    world.come(&view, 0);
    world.work(Some(&view));
    assert_eq!(world.reads(), 2, "what was given up is read again");
}

#[test]
fn after_a_doubt_the_store_is_asked_once_and_only_for_what_is_new() {
    let mut world = World::new();
    world.append(20);
    let view = world.view(Some(20), 50);
    world.come(&view, 0);
    world.work(Some(&view));
    let known = world.room.position();
    let head = |epoch: &str, seq| Cursor {
        epoch: Epoch::new(epoch).unwrap(),
        seq,
    };
    type Doubt<'a> = &'a dyn Fn(&Room);
    let doubts: [Doubt<'_>; 4] = [
        &|room| room.doubt(),
        &|room| _ = room.notice_head(known.as_ref(), None),
        &|room| _ = room.notice_head(known.as_ref(), Some(&head("e", 19))),
        &|room| _ = room.notice_head(known.as_ref(), Some(&head("f", 20))),
    ];
    for (number, doubt) in doubts.into_iter().enumerate() {
        doubt(&world.room);
        for _ in 0..2 {
            world.come(&view, 0);
            world.work(Some(&view));
        }
        assert_eq!(world.reads(), 2 + number);
    }
    assert_eq!(
        world.room.notice_head(known.as_ref(), known.as_ref()),
        Noticed::InStep
    );
    world.come(&view, 0);
    assert_eq!(world.reads(), 5, "nothing to doubt");
}

#[test]
fn who_comes_while_the_room_is_read_waits_for_that() {
    let world = World::new();
    world.append(5);
    let view = world.view(Some(5), 50);
    let (go, gone) = tokio::sync::oneshot::channel::<Result<(), StoreError>>();
    let mut gone = Some(gone);
    let mut find = |world: &World, patient| {
        let gone = gone.take();
        let read = |view: View| {
            let reading = world.read(view, 0);
            async move {
                let outcome = match gone {
                    Some(gone) => gone.await.unwrap(),
                    None => Ok(()),
                };
                match outcome {
                    Ok(()) => reading.await,
                    Err(error) => Err(error.into()),
                }
            }
        };
        match world.room.find(&view, &world.bounds(), patient, read) {
            Lookup::Known(_) => panic!("nothing is known"),
            Lookup::InFlight(reading) => reading,
        }
    };
    let waiting: Vec<_> = (0..100).map(|_| find(&world, true)).collect();
    let mut first = waiting[0].clone();
    assert!((&mut first).now_or_never().is_none());
    go.send(Err(StoreError::Unavailable("away".into())))
        .unwrap();
    for waiting in waiting {
        assert!(waiting.now_or_never().unwrap().is_err(), "all are told");
    }
    assert_eq!(world.reads(), 0);
    let again = find(&world, true).now_or_never().unwrap().unwrap();
    assert_eq!(
        (again.snapshot.head.seq, world.reads()),
        (5, 1),
        "asked anew"
    );
}

#[test]
fn a_snapshot_older_than_what_the_node_remembers_is_made_again() {
    let mut world = World::new();
    let empty = world.view(None, 50);
    let old = world.come(&empty, 0);
    world.work(Some(&empty));
    world.append(100);
    (1..=100).for_each(|seq| world.bring(seq));
    let key = world.keys.insert(());
    assert_eq!(world.attach(key, &old), Attach::Outdated);
    let fresh = world.snapshot(&world.view(Some(0), 50), 0);
    assert_eq!(world.attach(key, &fresh), Attach::Done { first: false });
}

#[test]
fn a_new_epoch_sends_the_members_away_and_forgets_the_old() {
    let mut world = World::new();
    world.append(5);
    let view = world.view(Some(5), 50);
    world.come(&view, 0);
    world.work(Some(&view));
    let head = Cursor {
        epoch: Epoch::new("f").unwrap(),
        seq: 7,
    };
    world.room.restart(head.clone(), &world.inboxes);
    let mut instructions = Vec::new();
    world.inbox.take_all(&mut instructions);
    assert!(matches!(instructions[..], [Instruction::OutOfSync { .. }]));
    assert_eq!(world.room.position(), Some(head.clone()));

    // All come back at once with cursors of the epoch that is gone.
    world.append(2);
    world.log.lock().epoch = head.epoch;
    world.members.clear();
    for _ in 0..3 {
        world.come(&view, 0);
        world.work(Some(&view));
    }
    assert!(world.reads() <= 3, "{} flights", world.reads());
}

#[test]
fn a_log_that_goes_on_in_another_epoch_takes_along_who_has_nothing_else() {
    for (shared, goes_on) in [(5, true), (7, true), (4, false)] {
        let mut world = World::new();
        world.append(5);
        let view = world.view(Some(5), 50);
        world.come(&view, 0);
        world.work(Some(&view));
        // What waits behind a gap need not be in the other epoch.
        let (old, event) = (world.log.lock().epoch.clone(), Event::new(7, None, ""));
        world.room.offer(&old, event, &world.inboxes);

        let head = Cursor {
            epoch: Epoch::new("f").unwrap(),
            seq: 6,
        };
        world.fork(head.epoch.clone(), shared);
        let forks = world.log.lock().forks.clone();
        assert_eq!(
            world.room.enter_epoch(&head, &forks, &world.inboxes),
            goes_on
        );
        let mut instructions = Vec::new();
        world.inbox.take_all(&mut instructions);
        let told = match &instructions[..] {
            [Instruction::Epoch { bytes, .. }] => world::lines(bytes).remove(0),
            [Instruction::OutOfSync { .. }] => serde_json::Value::Null,
            other => panic!("{other:?}"),
        };
        if !goes_on {
            assert_eq!((told, world.room.position()), (().into(), Some(head)));
            continue;
        }
        assert_eq!(
            told,
            serde_json::json!({"type": "epoch", "room": "r", "epoch": "f", "seq": 5})
        );
        let position = world.room.position().unwrap();
        assert_eq!((position.epoch, position.seq), (head.epoch.clone(), 5));
        assert!(!world.room.has_gap());
        // It is not told twice, and the log goes on for all who are there.
        assert!(world.room.enter_epoch(&head, &forks, &world.inboxes));
        world.append(2);
        (6..=7).for_each(|seq| world.bring(seq));
        world.work(None);
        assert_eq!(world.got.values().next().unwrap().1, [6, 7]);

        // Cursors of the old epoch are good up to where it is shared, also from memory.
        let old_view = |seq| View {
            since: Some(Cursor {
                epoch: old.clone(),
                seq,
            }),
            limit: 50,
        };
        world.come(&old_view(0), 0);
        world.work(Some(&old_view(0)));
        let reads = world.reads();
        for seq in 0..=8 {
            world.come(&old_view(seq), 0);
            world.work(Some(&old_view(seq)));
        }
        assert_eq!(world.reads(), reads, "all of it is remembered");
    }
}

#[test]
fn a_room_that_is_gone_is_a_loss_to_those_who_are_in_it() {
    let mut world = World::new();
    world.append(5);
    let view = world.view(Some(5), 50);
    let known = world.log.lock().cursor(5);
    let notice = |world: &World, head: Option<&Cursor>| world.room.notice_head(Some(&known), head);
    let short = Cursor {
        seq: 4,
        ..known.clone()
    };
    world.snapshot(&view, 0);
    assert_eq!(notice(&world, None), Noticed::InStep, "nobody is in it");
    assert_eq!(notice(&world, Some(&short)), Noticed::Lost);
    world.come(&view, 0);
    world.work(Some(&view));
    assert_eq!(notice(&world, None), Noticed::Lost);
    assert_eq!(notice(&world, Some(&known)), Noticed::InStep);
    assert_eq!(world.room.notice_head(None, None), Noticed::InStep);
    let other = Cursor {
        epoch: Epoch::new("f").unwrap(),
        seq: 4,
    };
    assert_eq!(notice(&world, Some(&other)), Noticed::Behind);
    assert_eq!(
        notice(&world, Some(&other)),
        Noticed::InStep,
        "it is healed"
    );
}
