//! What was begun and did not come to its end leaves nothing behind.

use std::sync::Arc;

use futures_util::FutureExt;
use rookery_protocol::{Cursor, Epoch};

use super::{super::*, World};
use crate::single_flight::{Lookup, SingleFlight};

fn followed() -> World {
    let mut world = World::new();
    world.append(3);
    let view = world.view(Some(3), 50);
    world.come(&view, 0);
    world.work(Some(&view));
    world.append(9);
    world
}

fn offer(world: &World, seq: u64) -> HealRequest {
    let (epoch, event) = {
        let log = world.log.lock();
        (log.epoch.clone(), log.event(seq))
    };
    world.room.offer(&epoch, event, &world.inboxes)
}

#[test]
fn a_healer_that_is_dropped_leaves_the_room_to_the_next() {
    let world = followed();
    assert_eq!(offer(&world, 6), HealRequest::Heal);
    let mut healing = Healing::of(&world.room);
    assert_eq!(offer(&world, 8), HealRequest::None, "somebody heals it");
    healing.begin_reading();
    let waiting = world.room.until_healed();
    drop(healing);
    assert!(waiting.now_or_never().is_some(), "nobody waits for nobody");
    assert_eq!(offer(&world, 10), HealRequest::Heal);
}

#[test]
fn what_is_missed_while_the_log_is_read_is_read_as_well() {
    let world = followed();
    assert_eq!(offer(&world, 5), HealRequest::Heal);
    let mut healing = Healing::of(&world.room);
    healing.begin_reading();
    world.bring(4);
    // The reading is done; then something comes ahead of what was read.
    offer(&world, 7);
    assert!(!healing.finish(), "a gap came meanwhile");
    healing.begin_reading();
    world.bring(6);
    let head = Cursor {
        epoch: Epoch::new("e").unwrap(),
        seq: 9,
    };
    let known = world.room.position();
    assert_eq!(
        world.room.notice_head(known.as_ref(), Some(&head)),
        Noticed::InStep
    );
    assert!(!healing.finish(), "the log is longer than what was read");
    healing.begin_reading();
    assert!(healing.finish());
    assert_eq!(offer(&world, 11), HealRequest::Heal);
}

#[test]
fn a_gap_that_the_log_does_not_fill_is_not_read_for_ever() {
    let world = followed();
    assert_eq!(offer(&world, 6), HealRequest::Heal);
    let mut healing = Healing::of(&world.room);
    healing.begin_reading();
    assert!(!healing.finish());
    healing.begin_reading();
    assert!(healing.finish());
}

#[test]
fn a_gap_that_closed_by_itself_ends_the_healing_once() {
    let world = followed();
    assert_eq!(offer(&world, 5), HealRequest::Heal);
    let mut healing = Healing::of(&world.room);
    world.bring(4);
    assert_eq!(healing.check_gap(None), Gap::Closed);
    assert_eq!(offer(&world, 8), HealRequest::Heal);
    let next = Healing::of(&world.room);
    drop(healing);
    assert_eq!(offer(&world, 9), HealRequest::None, "the next one goes on");
    drop(next);
}

#[test]
fn a_reading_that_breaks_is_made_anew() {
    let flights = SingleFlight::<u8, u8>::default();
    let find = |outcome: Option<u8>| {
        let read = async move { outcome.expect("it breaks") };
        match flights.find(1, false, || None::<()>, read) {
            Lookup::Known(()) => unreachable!(),
            Lookup::InFlight(reading) => reading,
        }
    };
    let breaking = find(None);
    let broken = std::panic::AssertUnwindSafe(breaking).catch_unwind();
    assert!(broken.now_or_never().unwrap().is_err());
    let again = find(Some(7)).now_or_never();
    assert_eq!(again.unwrap(), 7);
    assert_eq!(format!("{flights:?}"), "[]");
}

#[test]
fn a_room_that_goes_takes_its_readings_along() {
    let flights = SingleFlight::<u8, u8>::default();
    let held = Arc::new(());
    let inside = Arc::clone(&held);
    let read = async move {
        let _inside = inside;
        std::future::pending().await
    };
    drop(flights.find(1, false, || None::<()>, read));
    assert_eq!(Arc::strong_count(&held), 2, "it is under way");
    drop(flights);
    assert_eq!(Arc::strong_count(&held), 1);
}
