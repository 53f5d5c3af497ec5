//! What a room remembers, and what it does not.

use super::*;

fn event(seq: u64, bytes: usize) -> Event {
    let fields = r#""from":{"id":"u","name":"U"},"text":"x""#;
    let mut json = format!(r#"{{"type":"message","seq":{seq},{fields}}}"#).into_bytes();
    json.resize(bytes.max(json.len()), b' ');
    Event::new(seq, None, json)
}

fn events(seqs: std::ops::RangeInclusive<u64>) -> Vec<Event> {
    seqs.map(|seq| event(seq, 0)).collect()
}

fn filled(seqs: std::ops::RangeInclusive<u64>) -> Recent {
    let mut recent = Recent::new(Arc::new(RecentBudget::new(1 << 20, 1000)));
    for seq in seqs {
        recent.push(event(seq, 0));
    }
    recent
}

fn seqs<'a>(events: impl IntoIterator<Item = &'a Event>) -> Vec<u64> {
    events.into_iter().map(|event| event.seq).collect()
}

fn since(recent: &Recent, after: u64, head: u64) -> Option<Vec<u64>> {
    recent.since(after, head).map(seqs)
}

#[test]
fn it_gives_all_or_nothing() {
    let recent = filled(11..=15);
    assert_eq!(since(&recent, 15, 15), Some(vec![]));
    assert_eq!(since(&recent, 13, 15), Some(vec![14, 15]));
    assert_eq!(since(&recent, 10, 15), Some(vec![11, 12, 13, 14, 15]));
    assert_eq!(since(&recent, 9, 15), None);
    assert_eq!(since(&recent, 16, 15), None, "a cursor of the future");
}

fn deleting(seq: u64, target: u64) -> Event {
    let json = format!(r#"{{"type":"deleted","room":"r","seq":{seq},"target":{target},"by":"u"}}"#);
    Event::new(seq, None, json)
}

#[test]
fn nothing_is_left_of_what_was_overwritten() {
    let mut recent = filled(11..=15);
    assert!(recent.push(deleting(16, 12)));
    assert_eq!(since(&recent, 10, 16), Some((11..=16).collect()));
    assert_eq!(recent.latest(4).map(seqs), Some(vec![11, 13, 14, 15]));
    // What was read before that still has it, what was read after has not.
    recent.fill(&events(9..=15), 15, 16, true);
    assert_eq!(since(&recent, 9, 16), None);
    let read = [events(9..=15), vec![deleting(16, 12)]].concat();
    recent.fill(&read, 16, 16, true);
    assert_eq!(since(&recent, 8, 16).unwrap().len(), 8);
    assert!(!recent.push(event(17, 0)));
}

#[test]
fn what_was_edited_is_told_as_it_is_now() {
    let mut recent = Recent::new(Arc::new(RecentBudget::new(1 << 20, 1000)));
    let from = r#"{"id":"u","name":"U"}"#;
    let put = |recent: &mut Recent, seq: u64, kind: &str, rest: &str| {
        let json = format!(r#"{{"type":"{kind}","room":"r","seq":{seq},"ts":{seq}00,{rest}}}"#);
        recent.push(Event::new(seq, None, json))
    };
    let all = |recent: &Recent| {
        let events = recent.since(0, recent.events.len() as u64).unwrap();
        let json = events.map(|event| String::from_utf8(event.json().to_vec()).unwrap());
        json.collect::<Vec<_>>()
    };
    put(
        &mut recent,
        1,
        "message",
        &format!(r#""from":{from},"text":"a","nonce":"n""#),
    );
    put(
        &mut recent,
        2,
        "edited",
        &format!(r#""target":1,"by":{from},"text":"b""#),
    );
    put(
        &mut recent,
        3,
        "edited",
        &format!(r#""target":1,"by":{from},"text":"c""#),
    );
    let head =
        |kind: &str, seq: u64| format!(r#"{{"type":"{kind}","room":"r","seq":{seq},"ts":{seq}00,"#);
    let (message, edit) = (head("message", 1), head("edited", 2));
    let now = all(&recent);
    assert_eq!(
        now[0],
        format!(r#"{message}"from":{from},"text":"c","edited_at":300,"nonce":"n"}}"#)
    );
    assert_eq!(
        now[1],
        format!(r#"{edit}"target":1,"by":{from},"text":"c"}}"#)
    );
    assert_eq!(recent.latest(1).map(seqs), Some(vec![1]));
    put(
        &mut recent,
        4,
        "deleted",
        &format!(r#""target":1,"by":{from}"#),
    );
    let now = all(&recent);
    assert_eq!(
        now[0],
        format!(r#"{message}"from":{from},"deleted":true}}"#)
    );
    assert_eq!(now[1], format!(r#"{edit}"target":1,"by":{from}}}"#));
    assert!(recent.latest(1).is_none());
    let bytes: usize = recent.events.iter().map(cost).sum();
    assert_eq!((recent.bytes(), recent.budget.used()), (bytes, bytes));
}

#[test]
fn a_page_has_messages_alone() {
    let mut recent = filled(11..=13);
    let page: Vec<_> = [2, 3, 5, 9, 11, 12].map(|seq| event(seq, 0)).into();
    recent.fill(&page, 12, 13, false);
    assert_eq!(recent.latest(6).map(seqs), Some(vec![3, 5, 9, 11, 12, 13]));
    assert!(recent.latest(8).is_none(), "more may come before");
    assert_eq!(since(&recent, 10, 13), Some(vec![11, 12, 13]));
    assert_eq!(since(&recent, 9, 13), None, "events may be missing there");
    recent.fill(&events(8..=12), 12, 13, false);
    assert_eq!(since(&recent, 7, 13), Some((8..=13).collect()));
    let latest = recent.latest(9).map(seqs);
    assert_eq!(latest, Some(vec![2, 3, 5, 8, 9, 10, 11, 12, 13]));
    assert!(recent.latest(10).is_none());
    let bytes: usize = recent.events.iter().map(cost).sum();
    assert_eq!((recent.bytes(), recent.budget.used()), (bytes, bytes));
    let page: Vec<_> = [2, 9, 13].map(|seq| event(seq, 0)).into();
    recent.fill(&page, 13, 13, true);
    assert_eq!(
        recent.latest(50).map(seqs),
        Some(vec![2, 3, 5, 8, 9, 10, 11, 12, 13])
    );
}

#[test]
fn it_is_bounded_in_bytes_and_events() {
    let budget = Arc::new(RecentBudget::new(8 * 64 * 1024, 40));
    let mut recent = Recent::new(Arc::clone(&budget));
    for seq in 1..=1000 {
        recent.push(event(seq, 4096 - BYTES_BESIDE));
    }
    assert_eq!((recent.events.len(), recent.bytes()), (16, 64 * 1024));
    for seq in 1001..=1100 {
        recent.push(event(seq, 0));
    }
    assert_eq!(recent.events.len(), 40);
    recent.push(event(1101, 1 << 20));
    assert_eq!(
        seqs(&recent.events),
        [1101],
        "the last one stays, however large"
    );
    assert_eq!(budget.used(), recent.bytes());
    assert!(budget.excess() > 0);
    recent.clear();
    assert_eq!((budget.used(), budget.excess()), (0, 0));
    recent.push(event(1102, 0));
    drop(recent);
    assert_eq!(budget.used(), 0, "what is dropped is given back");
}

#[test]
fn what_was_read_comes_before_what_was_passed_on() {
    let mut recent = filled(11..=15);
    recent.fill(&events(8..=12), 12, 15, false);
    assert_eq!(since(&recent, 7, 15), Some((8..=15).collect()));
    recent.fill(&events(2..=7), 7, 15, false);
    assert_eq!(since(&recent, 1, 15), Some((2..=15).collect()));
    recent.fill(&events(5..=6), 6, 15, true);
    assert_eq!(since(&recent, 0, 15), None);
}

#[test]
fn what_does_not_join_is_left_out() {
    let mut recent = filled(11..=15);
    recent.fill(&events(1..=9), 9, 15, true);
    assert_eq!(seqs(&recent.events), (11..=15).collect::<Vec<_>>());
    assert!(recent.latest(6).is_none(), "more may come before");
}

#[test]
fn the_latest_messages_are_given_where_all_are_known() {
    let mut recent = filled(3..=5);
    assert_eq!(recent.latest(3).map(seqs), Some(vec![3, 4, 5]));
    assert!(recent.latest(4).is_none());
    recent.fill(&events(2..=4), 4, 5, true);
    assert_eq!(recent.latest(4).map(seqs), Some(vec![2, 3, 4, 5]));
    assert_eq!(
        recent.latest(50).map(seqs),
        Some(vec![2, 3, 4, 5]),
        "there are no more"
    );
    let member = br#"{"type":"member"}"#;
    recent.push(Event::new(6, None, &member[..]));
    assert_eq!(recent.latest(2).map(seqs), Some(vec![4, 5]));
    assert_eq!(since(&recent, 4, 6), Some(vec![5, 6]));
}

#[test]
fn an_empty_log_is_known_to_be_empty() {
    let mut recent = Recent::new(Arc::new(RecentBudget::new(1 << 20, 1000)));
    assert!(recent.latest(1).is_none());
    recent.fill(&[], 0, 0, true);
    assert_eq!(recent.latest(1).map(seqs), Some(vec![]));
    recent.push(event(1, 0));
    assert_eq!(recent.latest(9).map(seqs), Some(vec![1]));
    recent.clear();
    assert!(recent.latest(9).is_none());
}

#[test]
fn what_expired_goes_and_leaves_no_gap() {
    let mut recent = Recent::new(Arc::new(RecentBudget::new(1 << 20, 1000)));
    recent.fill(&[], 0, 0, true);
    for seq in 1..=3 {
        let json = br#"{"type":"message"}"#;
        recent.push(Event::new(seq, Some(seq * 100), &json[..]));
    }
    recent.forget_expired(199);
    assert_eq!(recent.latest(9).map(seqs), Some(vec![2, 3]));
    assert_eq!(since(&recent, 1, 3), Some(vec![2, 3]));
    assert_eq!(since(&recent, 0, 3), None, "the first is gone");
}
