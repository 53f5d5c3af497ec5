//! What people call a room that was given no name.

use rookery_protocol::RoomId;

/// The id in a readable form: `general` is "General", `event:party-1` is "Party 1".
pub(crate) fn readable(room: &RoomId) -> String {
    let id = room.as_str();
    let last_part = id.rsplit(':').find(|part| !part.is_empty()).unwrap_or(id);
    let words = last_part
        .split(['-', '_', '.'])
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ");
    let mut characters = words.chars();
    match characters.next() {
        Some(first) => first.to_ascii_uppercase().to_string() + characters.as_str(),
        // Nothing but separators: the id is all that there is.
        None => id.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_made_of_the_last_part_of_the_id() {
        for (id, name) in [
            ("general", "General"),
            ("event:party-1", "Party 1"),
            ("release_notes.2026", "Release notes 2026"),
            ("a:b:", "B"),
            ("::", "::"),
            ("--", "--"),
        ] {
            assert_eq!(readable(&RoomId::new(id).unwrap()), name);
        }
    }
}
