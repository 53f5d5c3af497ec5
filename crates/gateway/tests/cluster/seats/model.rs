//! What a connection that joins and leaves has to be answered and to hear: a
//! plain model, which only knows the order of its frames.

use std::collections::HashMap;

use serde_json::Value;

/// One frame that was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wish {
    Join,
    Leave,
}

/// What was sent, by id: which room, and which wish.
#[derive(Debug, Default)]
pub(super) struct Sent {
    wishes: Vec<(u64, usize, Wish)>,
}

impl Sent {
    pub(super) fn note(&mut self, id: u64, room: usize, wish: Wish) {
        self.wishes.push((id, room, wish));
    }

    /// Whether the last word was to be in the room.
    pub(super) fn is_in(&self, room: usize) -> bool {
        let last = self.wishes.iter().rfind(|(_, other, _)| *other == room);
        last.is_some_and(|(.., wish)| *wish == Wish::Join)
    }

    /// Holds what came, in its order, against what was sent.
    pub(super) fn check(&self, rooms: &[String], frames: &[Value]) -> Result<(), String> {
        let mut answers = HashMap::new();
        for (at, frame) in frames.iter().enumerate() {
            let Some(id) = frame["id"].as_u64() else {
                continue;
            };
            if answers.insert(id, (at, frame)).is_some() {
                return Err(format!("answered twice: {frame}"));
            }
        }
        for (room, name) in rooms.iter().enumerate() {
            let wishes = self.wishes.iter().filter(|(_, other, _)| *other == room);
            let wishes: Vec<_> = wishes.map(|(id, _, wish)| (*id, *wish)).collect();
            check_answers(name, &wishes, &answers)?;
            check_events(name, &wishes, &answers, frames)?;
        }
        Ok(())
    }
}

type Answers<'a> = HashMap<u64, (usize, &'a Value)>;

fn check_answers(room: &str, wishes: &[(u64, Wish)], answers: &Answers<'_>) -> Result<(), String> {
    let mut is_in = false;
    for (at, &(id, wish)) in wishes.iter().enumerate() {
        let Some((_, answer)) = answers.get(&id) else {
            return Err(format!("{room}: {wish:?} {id} was not answered"));
        };
        let words = answer["message"].as_str().unwrap_or_default();
        let conflict = answer["code"] == "conflict";
        let right = match (wish, is_in) {
            (Wish::Leave, _) => answer["type"] == "ok",
            (Wish::Join, true) => conflict && words.contains("already"),
            (Wish::Join, false) if answer["type"] == "ok" => answer["room"]["room"] == *room,
            // Left while it was joining, perhaps behind further tries to join.
            (Wish::Join, false) => {
                let left = wishes[at..].iter().any(|(_, wish)| *wish == Wish::Leave);
                conflict && left && words.contains("left before")
            }
        };
        if !right {
            return Err(format!("{room}: {wish:?} {id} (in: {is_in}) got {answer}"));
        }
        is_in = wish == Wish::Join;
    }
    Ok(())
}

/// Events follow a snapshot without a hole and without a repeat, and end with
/// the answer to the leave behind it.
fn check_events(
    room: &str,
    wishes: &[(u64, Wish)],
    answers: &Answers<'_>,
    frames: &[Value],
) -> Result<(), String> {
    let place = |id: u64| wishes.iter().position(|(other, _)| *other == id);
    let wish_of = |frame: &Value| {
        let id = frame["id"].as_u64()?;
        let place = place(id)?;
        (frame["type"] == "ok").then_some((place, wishes[place].1))
    };
    // The seq reached, and the place of the join among the wishes.
    let mut live: Option<(u64, usize)> = None;
    for frame in frames {
        match wish_of(frame) {
            Some((place, Wish::Join)) => {
                let seq = frame["room"]["seq"].as_u64().unwrap_or_default();
                live = Some((seq, place));
            }
            Some((place, Wish::Leave)) if live.is_some_and(|(_, join)| join < place) => live = None,
            _ => {}
        }
        if frame["type"] != "message" || frame["room"] != *room {
            continue;
        }
        match &mut live {
            Some((reached, _)) if frame["seq"] == *reached + 1 => *reached += 1,
            _ => return Err(format!("{room}: {frame} where {live:?} was reached")),
        }
    }
    debug_assert!(answers.len() >= wishes.len());
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn sent() -> Sent {
        let mut sent = Sent::default();
        sent.note(1, 0, Wish::Join);
        sent.note(2, 0, Wish::Leave);
        sent.note(3, 0, Wish::Join);
        sent
    }

    fn ok(id: u64, seq: u64) -> Value {
        json!({"type": "ok", "id": id, "room": {"room": "r", "seq": seq}})
    }

    fn left(id: u64) -> Value {
        json!({"type": "error", "id": id, "code": "conflict", "message": "left before"})
    }

    fn message(seq: u64) -> Value {
        json!({"type": "message", "room": "r", "seq": seq})
    }

    #[test]
    fn the_model_knows_right_from_wrong() {
        let rooms = ["r".to_owned()];
        let check = |frames: &[Value]| sent().check(&rooms, frames).is_ok();
        assert!(check(&[left(1), ok(2, 0), ok(3, 4), message(5)]));
        assert!(check(&[
            ok(1, 4),
            message(5),
            ok(2, 0),
            ok(3, 6),
            message(7)
        ]));
        assert!(!check(&[left(1), ok(2, 0)]), "no answer");
        assert!(!check(&[left(1), ok(2, 0), left(3)]), "nobody left");
        let hole = [left(1), ok(2, 0), ok(3, 4), message(6)];
        assert!(!check(&hole));
        let late = [ok(1, 4), ok(2, 0), message(5), ok(3, 5)];
        assert!(!check(&late), "behind the answer to leave");
        let twice = [left(1), ok(2, 0), ok(3, 4), message(5), message(5)];
        assert!(!check(&twice));
    }
}
