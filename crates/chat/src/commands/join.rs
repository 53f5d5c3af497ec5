//! `join`: becoming a member, catching up, and receiving from then on.

use std::{rc::Rc, sync::Arc, time::Duration};

use rookery_protocol::{Cursor, ErrorCode, RequestId, RoomId, User, client_frame::DEFAULT_PAGE};
use rookery_store::{Admission, StoreError};

use super::{leave, own_reactions::marked_own};
use crate::{
    caller::Caller,
    chat::Chat,
    clock::Moment,
    delivery::JoinReply,
    limits::UserShare,
    policy,
    refusal::{Refusal, Retry},
    room::{Attach, Following, HealRequest, Room, Roster},
    session::{PendingSeat, Session},
    snapshot::{Snapshot, View},
};

/// How often another snapshot is got because the room went on too far
/// meanwhile; each is closer to the end than the one before.
const MOST_SNAPSHOTS: u32 = 20;

/// How often the node is brought up to one snapshot.
const MOST_HEALINGS: u32 = 3;

/// How long a join waits for somebody else's healing of its room.
const HEALING_PATIENCE: Duration = Duration::from_secs(2);

/// What is to be joined, and from where.
#[derive(Debug, Clone, PartialEq)]
pub struct Join {
    /// The id of the request that the reply answers; without one there is none.
    pub id: Option<RequestId>,
    /// The room.
    pub room: RoomId,
    /// Where the client left off.
    pub since: Option<Cursor>,
    /// How many messages of history are wanted; as many as is usual where it is not said.
    pub limit: Option<u32>,
}

impl Join {
    fn limit(&self) -> u32 {
        self.limit.unwrap_or(DEFAULT_PAGE)
    }

    /// The most bytes that the reply is expected to have.
    pub fn most_bytes(&self, chat: &Chat) -> usize {
        chat.answers.most_bytes(self.limit().into())
    }
}

/// Takes a seat for the session, shows it the room and has it receive what
/// happens there. The reply goes through the inbox of its worker, so that all
/// that happens from then on follows it and nothing comes before it.
///
/// # Errors
///
/// Where it may not come in, has left meanwhile, or the store cannot be asked.
pub async fn join(
    chat: &Arc<Chat>,
    caller: Caller<'_>,
    session: &Rc<Session>,
    arguments: Join,
) -> Result<(), Refusal> {
    let limit = arguments.limit();
    // Where the room is followed already, its id is shared and not kept again.
    let room = match chat.rooms.followed(&arguments.room) {
        Some(followed) => followed.id.clone(),
        None => arguments.room,
    };
    let seat = session.take_seat(&room)?;
    let _turn = session.turn(&room).await;
    let room = chat.rooms.follow(&room);
    let joining = Joining {
        chat,
        session,
        user: caller.user,
        room: &room,
        id: arguments.id,
        seat,
        view: View {
            since: arguments.since,
            limit,
        },
    };
    joining.come_in().await
}

/// Why a join is refused whose user was taken out of the room meanwhile.
pub fn evicted(room: &RoomId) -> Refusal {
    Refusal::no_such_room(room)
}

fn went_on_too_fast() -> Refusal {
    let message = "the room could not be brought up to its log; try again";
    Refusal::for_now(ErrorCode::Unavailable, message, Retry::Spread)
}

/// A join that is being carried out.
struct Joining<'a> {
    chat: &'a Arc<Chat>,
    session: &'a Session,
    user: &'a User,
    room: &'a Arc<Room>,
    id: Option<RequestId>,
    seat: PendingSeat,
    view: View,
}

impl Joining<'_> {
    /// Nothing more is done for a client that has left meanwhile.
    fn check_wanted(&self) -> Result<(), Refusal> {
        if self.seat.is_wanted() {
            return Ok(());
        }
        let message = "left before the join was done";
        Err(Refusal::new(ErrorCode::Conflict, message))
    }

    /// Gets a snapshot and attaches the session behind it. The room may go
    /// on meanwhile; then the node catches up, or a new snapshot is made.
    ///
    /// Whether the user may come in is asked behind the snapshot: what the store
    /// does not know of then the node hears, since it has followed the room from
    /// before the question on; and where it has not, it asks again.
    async fn come_in(&self) -> Result<(), Refusal> {
        let Self {
            chat, user, room, ..
        } = self;
        for _ in 0..MOST_SNAPSHOTS {
            let asked = Moment::now();
            let snapshot = self.snapshot().await?;
            let following = room.following();
            // As much as the user may have waiting: where others wait, this waits.
            let share = chat.answers.reserve_of(&user.id, snapshot.bytes()).await?;
            if !self.is_admitted(&snapshot, asked).await? {
                continue;
            }
            if room.roster_is_wanting() {
                chat.rooms.refresh_roster(room).await?;
            }
            let snapshot = marked_own(chat, &room.id, &user.id, snapshot).await?;
            if self.attach(&snapshot, following, share).await? {
                return Ok(());
            }
        }
        Err(went_on_too_fast())
    }

    /// Whether the user may be shown what was asked for at that moment; who may become a
    /// member does. False where the room is gone that is remembered here: it has to be asked
    /// for again.
    async fn is_admitted(&self, snapshot: &Snapshot, asked: Moment) -> Result<bool, Refusal> {
        let Self {
            chat, room, user, ..
        } = self;
        let admission = match chat.store.admit(&room.id, &user.id, false).await {
            // Nobody makes the room of two people by coming in.
            Err(StoreError::NoSuchRoom(id)) if !policy::is_direct(&id) => {
                room.doubt_what_is_older(asked);
                return Ok(false);
            }
            admission => admission?,
        };
        // In the order of the commands: nothing is waited for in between.
        self.check_wanted()?;
        // In their list first: what stands there and is not so is not shown.
        let seq = snapshot.head.seq;
        chat.store.remember_member(&user.id, &room.id, seq).await?;
        if let Admission::Open(_) = admission {
            self.enter().await?;
        }
        Ok(true)
    }

    /// Makes the user a member. Where they left meanwhile they are none.
    async fn enter(&self) -> Result<(), Refusal> {
        let Self {
            chat, room, user, ..
        } = self;
        self.check_wanted()?;
        chat.store.note_person(user).await?;
        chat.store.admit(&room.id, &user.id, true).await?;
        if let Err(left) = self.check_wanted() {
            leave::end(Arc::clone(chat), (*user).clone(), room.id.clone()).await?;
            return Err(left);
        }
        Ok(())
    }

    /// What the client is shown. One that does not follow a room into another
    /// epoch would not understand to be brought there by the events that it missed.
    async fn snapshot(&self) -> Result<Arc<Snapshot>, Refusal> {
        let (rooms, user) = (&self.chat.rooms, &self.user.id);
        let snapshot = rooms.snapshot(self.room, user, &self.view).await?;
        let follows_epochs = self.session.follows_epochs();
        if follows_epochs || !snapshot.leads_out_of_the_epoch_of(&self.view) {
            return Ok(snapshot);
        }
        let anew = View {
            since: None,
            limit: self.view.limit,
        };
        Ok(rooms.snapshot(self.room, user, &anew).await?)
    }

    /// Attaches the session behind the snapshot, after the node has been
    /// brought to it. False where another snapshot is needed.
    async fn attach(
        &self,
        snapshot: &Arc<Snapshot>,
        following: Following,
        share: UserShare,
    ) -> Result<bool, Refusal> {
        let Self {
            chat, room, user, ..
        } = self;
        let mut share = Some(share);
        for _ in 0..MOST_HEALINGS {
            self.check_wanted()?;
            let reply = |roster: &mut Roster, more: usize| {
                self.reply(snapshot, share.take()?, roster, more)
            };
            match room.attach(
                self.session.at(),
                user,
                (&snapshot.head, following),
                reply,
                &chat.inboxes,
            ) {
                Attach::Done { first } => {
                    self.seat.confirm();
                    if first {
                        chat.presence.came(&room.id, user);
                    }
                    return Ok(true);
                }
                Attach::Outdated => return Ok(false),
                Attach::Behind(HealRequest::Heal) => chat.rooms.heal_now(room).await?,
                Attach::Behind(HealRequest::None) => {
                    // Somebody else heals the room, and may be waiting for the store.
                    let healed = tokio::time::timeout(HEALING_PATIENCE, room.until_healed());
                    healed.await.map_err(|_| went_on_too_fast())?;
                }
            }
        }
        Ok(false)
    }

    /// The reply, behind which so many bytes of events follow. There is none where
    /// the request had no id to answer to.
    fn reply(
        &self,
        snapshot: &Arc<Snapshot>,
        mut share: UserShare,
        roster: &mut Roster,
        more: usize,
    ) -> Option<JoinReply> {
        let id = self.id.clone()?;
        share.resize(snapshot.bytes() + more);
        Some(JoinReply {
            id,
            snapshot: Arc::clone(snapshot),
            online: roster.users_json(),
            online_count: roster.count(),
            shares: (share, self.chat.answers.of_node().take(more)),
        })
    }
}
