//! `update_room`: what a room is called and which rules hold there.

use std::sync::Arc;

use rookery_protocol::{
    ErrorCode, EventBody, EventKind, User,
    client_frame::{UpdateRoom, WhoMay},
    text::{self, TextError},
};
use rookery_store::{Rule, Step, Told};
use serde::Serialize;

use super::change::{self, Row};
use crate::{caller::Caller, chat::Chat, policy::Action, refusal::Refusal};

/// The most characters of a room's name.
const NAME_CHARS: usize = 64;
/// The most characters of what is said of it.
const DESCRIPTION_CHARS: usize = 500;
/// The most that anybody has to wait between two messages: six hours.
const MOST_SLOW_MS: u64 = 6 * 3_600_000;

/// What a `changed` event says: what is otherwise now.
#[derive(Serialize)]
struct Changed<'a> {
    by: &'a User,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    slow_mode_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    who_may_send: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    who_may_invite: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    archived: Option<bool>,
}

impl<'a> Changed<'a> {
    fn nothing(by: &'a User) -> Self {
        Self {
            by,
            name: None,
            description: None,
            slow_mode_ms: None,
            who_may_send: None,
            who_may_invite: None,
            archived: None,
        }
    }

    /// Told where something came of the step before it.
    fn tell(&self) -> Step {
        Step::Tell {
            body: EventBody::of(EventKind::Changed, self),
            told: Told::Everywhere,
        }
    }
}

/// Changes what is said, and nothing else; each change that comes to something is told.
///
/// # Errors
///
/// Where the caller may not, or what is wanted makes no sense.
pub(super) async fn update_room(
    chat: &Arc<Chat>,
    caller: Caller<'_>,
    arguments: UpdateRoom,
) -> Result<Row, Refusal> {
    let room = arguments.room.clone();
    change::forbid_in_direct(&room)?;
    let steps = steps(caller.user, arguments)?;
    if steps.is_empty() {
        return Err(Refusal::bad_request("say what is to be changed"));
    }
    let wanted = change::change(&room, &caller.user.id, Action::ChangeRoom, steps);
    change::carry_out(chat, wanted).await?;
    change::row(chat, &room, &caller.user.id, None).await
}

fn steps(by: &User, arguments: UpdateRoom) -> Result<Vec<Step>, Refusal> {
    let nothing = || Changed::nothing(by);
    let mut steps = Vec::new();
    let mut push = |step: Step, changed: Changed<'_>| steps.extend([step, changed.tell()]);
    if arguments.ttl_ms.is_some() {
        return Err(Refusal::not_served("ttl_ms of a room"));
    }
    if let Some(name) = arguments.name {
        let name = accept_name(&name)?;
        push(
            Step::Name(name.clone()),
            Changed {
                name: Some(&name),
                ..nothing()
            },
        );
    }
    if let Some(description) = arguments.description {
        let words = accept_description(description.unwrap_or_default())?;
        let step = rule(
            Rule::Description,
            (!words.is_empty()).then(|| words.clone()),
        );
        push(
            step,
            Changed {
                description: Some(&words),
                ..nothing()
            },
        );
    }
    if let Some(ms) = arguments.slow_mode_ms {
        if ms > MOST_SLOW_MS {
            let message = format!("slow_mode_ms may be at most {MOST_SLOW_MS}");
            return Err(Refusal::bad_request(message));
        }
        let step = rule(Rule::SlowMode, (ms > 0).then(|| ms.to_string()));
        push(
            step,
            Changed {
                slow_mode_ms: Some(ms),
                ..nothing()
            },
        );
    }
    if let Some(who) = arguments.who_may_send {
        let step = rule(Rule::WhoMaySend, only_admins(who));
        push(
            step,
            Changed {
                who_may_send: Some(word(who)),
                ..nothing()
            },
        );
    }
    if let Some(who) = arguments.who_may_invite {
        let step = rule(Rule::WhoMayInvite, only_admins(who));
        push(
            step,
            Changed {
                who_may_invite: Some(word(who)),
                ..nothing()
            },
        );
    }
    if let Some(archived) = arguments.archived {
        let step = rule(Rule::Archived, archived.then(|| "1".to_owned()));
        push(
            step,
            Changed {
                archived: Some(archived),
                ..nothing()
            },
        );
    }
    Ok(steps)
}

fn rule(rule: Rule, value: Option<String>) -> Step {
    Step::Rule { rule, value }
}

fn only_admins(who: WhoMay) -> Option<String> {
    (who == WhoMay::Admins).then(|| word(who).to_owned())
}

fn word(who: WhoMay) -> &'static str {
    match who {
        WhoMay::All => "all",
        WhoMay::Admins => "admins",
    }
}

/// A name of a room, on one line.
pub(super) fn accept_name(name: &str) -> Result<String, Refusal> {
    let words = |error: TextError| refused("the name of a room", NAME_CHARS, &error);
    let name = text::accept(name.trim().to_owned(), NAME_CHARS).map_err(words)?;
    match name.contains(['\n', '\t']) {
        true => Err(Refusal::bad_request("the name of a room is one line")),
        false => Ok(name),
    }
}

/// What is said of a room; it may be nothing.
pub(super) fn accept_description(words: String) -> Result<String, Refusal> {
    if words.trim().is_empty() {
        return Ok(String::new());
    }
    text::accept(words, DESCRIPTION_CHARS)
        .map_err(|error| refused("a description", DESCRIPTION_CHARS, &error))
}

fn refused(what: &str, most: usize, error: &TextError) -> Refusal {
    match error {
        TextError::TooLong { .. } => Refusal::new(
            ErrorCode::TooLarge,
            format!("{what} has at most {most} characters"),
        ),
        other => Refusal::bad_request(format!("{what}: {other}")),
    }
}
