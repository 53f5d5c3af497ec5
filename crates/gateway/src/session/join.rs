//! `join`: becoming a member, catching up, and receiving from then on.

use std::{rc::Rc, sync::Arc, time::Duration};

use futures_util::FutureExt;
use rookery_protocol::{Cursor, ErrorCode, RequestId, RoomId, User, client_frame::DEFAULT_PAGE};

use super::{Refusal, Retry, seats::TakenSeat};
use crate::{
    answers::UserShare,
    hub::{Hub, UsedRoom},
    room::{Attach, Room, Roster, Seat, Snapshot, View, Wanted},
    socket::Connection,
    worker::Worker,
};

/// How often another snapshot is got because the room went on too far
/// meanwhile; each is closer to the end than the one before.
const MOST_SNAPSHOTS: u32 = 20;

/// How often the node is brought up to one snapshot.
const MOST_HEALINGS: u32 = 3;

/// How long a join waits for somebody else's healing of its room.
const HEALING_PATIENCE: Duration = Duration::from_secs(2);

/// Carries out `join`: at once where the room is in memory, else in a task of
/// its own that waits for the store.
pub(super) fn join(
    id: Option<RequestId>,
    room: RoomId,
    since: Option<Cursor>,
    limit: Option<u32>,
    connection: &Rc<Connection>,
    worker: &Rc<Worker>,
) {
    // Where the room is followed already, its id is shared and not kept again.
    let room = match worker.hub.followed_room(&room) {
        Some(followed) => followed.id.clone(),
        None => room,
    };
    let seat = match connection.take_seat(&room, worker) {
        Ok(seat) => seat,
        Err(refusal) => return connection.refuse(id, refusal, worker),
    };
    let limit = limit.unwrap_or(DEFAULT_PAGE);
    let expected = worker.hub.answers.most_bytes(limit.into());
    let in_flight = connection.begin_reading(expected);
    let (connection, worker) = (Rc::clone(connection), Rc::clone(worker));
    let mut joining = Box::pin(async move {
        let wish = Wish {
            id: id.clone(),
            room,
            seat,
            view: View { since, limit },
        };
        if let Err(refusal) = wish.fulfil(&connection, &worker).await {
            drop(wish);
            connection.refuse(id, refusal, &worker);
        }
        drop(in_flight);
    });
    if joining.as_mut().now_or_never().is_none() {
        actix_rt::spawn(joining);
    }
}

fn went_on_too_fast() -> Refusal {
    let message = "the room could not be brought up to its log; try again";
    Refusal::for_now(ErrorCode::Unavailable, message, Retry::Spread)
}

/// What a client asked for.
struct Wish {
    id: Option<RequestId>,
    room: RoomId,
    seat: TakenSeat,
    view: View,
}

impl Wish {
    async fn fulfil(
        &self,
        connection: &Rc<Connection>,
        worker: &Rc<Worker>,
    ) -> Result<(), Refusal> {
        let Some(session) = connection.session.get() else {
            return Ok(());
        };
        let room = UsedRoom::new(&worker.hub, worker.hub.room(&self.room));
        self.come_in(&session.user, &room, connection, worker).await
    }

    /// Nothing more is done for a client that has left meanwhile.
    fn check_wanted(&self) -> Result<(), Refusal> {
        if self.seat.is_wanted() {
            return Ok(());
        }
        let message = "left before the join was done";
        Err(Refusal::new(ErrorCode::Conflict, message))
    }

    /// Gets a snapshot and attaches the connection behind it. The room may go
    /// on meanwhile; then the node catches up, or a new snapshot is made.
    async fn come_in(
        &self,
        user: &User,
        room: &Arc<Room>,
        connection: &Rc<Connection>,
        worker: &Rc<Worker>,
    ) -> Result<(), Refusal> {
        let hub = &worker.hub;
        for attempt in 0..MOST_SNAPSHOTS {
            let snapshot = self.snapshot(user, room, connection, hub).await?;
            // As much as the user may have waiting: where others wait, this waits.
            let share = hub.answers.reserve_of(&user.id, snapshot.bytes()).await?;
            if attempt == 0 {
                // In the order of the frames: nothing is waited for in between.
                self.check_wanted()?;
                hub.store
                    .remember_member(&user.id, &self.room, snapshot.head.seq)
                    .await?;
            }
            if room.roster_is_wanting() {
                hub.refresh_roster(room).await?;
            }
            if self
                .attach(user, &snapshot, share, room, connection, worker)
                .await?
            {
                return Ok(());
            }
        }
        Err(went_on_too_fast())
    }

    /// What the client is shown. One that does not follow a room into another
    /// epoch would not understand to be brought there by the events that it missed.
    async fn snapshot(
        &self,
        user: &User,
        room: &Arc<Room>,
        connection: &Connection,
        hub: &Arc<Hub>,
    ) -> Result<Arc<Snapshot>, Refusal> {
        let snapshot = hub.snapshot(room, &user.id, &self.view).await?;
        if connection.follows_epochs.get() || !snapshot.leads_out_of_the_epoch_of(&self.view) {
            return Ok(snapshot);
        }
        let anew = View {
            since: None,
            limit: self.view.limit,
        };
        Ok(hub.snapshot(room, &user.id, &anew).await?)
    }

    /// Attaches the connection behind the snapshot, after the node has been
    /// brought to it. False where another snapshot is needed.
    async fn attach(
        &self,
        user: &User,
        snapshot: &Snapshot,
        share: UserShare,
        room: &Arc<Room>,
        connection: &Rc<Connection>,
        worker: &Rc<Worker>,
    ) -> Result<bool, Refusal> {
        let hub = &worker.hub;
        let seat = Seat {
            worker: worker.number,
            connection: connection.key,
        };
        let mut share = Some(share);
        for _ in 0..MOST_HEALINGS {
            self.check_wanted()?;
            // Nothing is answered where the frame had no id to answer to.
            let answer = |roster: &mut Roster, more: usize| {
                let (id, mut share) = (self.id.as_ref()?, share.take()?);
                share.resize(snapshot.bytes() + more);
                let of_node = hub.answers.of_node().take(more);
                let answer = snapshot.answer(id, &self.room, roster);
                Some(answer.carrying((share, of_node)))
            };
            match room.attach(seat, user, &snapshot.head, answer, &hub.workers) {
                Attach::Done { first } => {
                    self.seat.confirm();
                    if first {
                        hub.presence.came(&self.room, user);
                    }
                    return Ok(true);
                }
                Attach::Outdated => return Ok(false),
                Attach::Behind(Wanted::Healing) => hub.heal_now(room).await?,
                Attach::Behind(Wanted::Nothing) => {
                    // Somebody else heals the room, and may be waiting for the store.
                    let healed = tokio::time::timeout(HEALING_PATIENCE, room.until_healed());
                    healed.await.map_err(|_| went_on_too_fast())?;
                }
            }
        }
        Ok(false)
    }
}
