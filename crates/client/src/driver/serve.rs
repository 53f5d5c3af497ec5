//! A connection while it stands: rooms are resumed, commands written, frames
//! taken to where they belong.

use std::{sync::Arc, time::Duration};

use rookery_protocol::{
    Cursor, ErrorCode, RequestId, RoomId,
    close::may_come_back,
    server_frame::{ErrorFrame, NewEpoch, Snapshot},
};
use tokio::time::{Instant, sleep_until, timeout};

use super::{Command, Driver, Ended, asked_to_close, socket::Socket};
use crate::{
    ClientError, ConnectionError, Event, GaveUp, Lost, Received,
    frame::{Frame, LogEvent, OkFrame},
    request::Request,
    requests::{Pending, Rank, hold},
    rooms::{OrderError, Verdict},
};

/// How long the node may take to answer our close frame.
const CLOSE_WITHIN: Duration = Duration::from_secs(1);
/// The longest that a node's `reconnect` is believed.
const LONGEST_ABSENCE: u64 = 600_000;

impl From<OrderError> for Lost {
    fn from(error: OrderError) -> Self {
        Self::OutOfSync(error.to_string())
    }
}

impl Driver {
    /// Serves a connection until it ends.
    pub(super) async fn serve(&mut self, mut socket: Socket) -> Ended {
        self.begin(&socket);
        let ended = loop {
            match self.step(&mut socket).await {
                Ok(()) => {}
                Err(Ended::Stopped) => {
                    socket.connection.close(CLOSE_WITHIN).await;
                    return Ended::Stopped;
                }
                Err(ended) => break ended,
            }
        };
        if socket.since.elapsed() >= self.settings.stable_after {
            self.returns.begin_anew();
        }
        ended
    }

    /// Tells that the connection stands and asks for every open room.
    fn begin(&mut self, socket: &Socket) {
        let again = std::mem::replace(&mut self.connected_before, true);
        let (node, session) = (socket.welcome.node.clone(), socket.welcome.session.clone());
        tracing::debug!(%node, again, "connected");
        self.outlet.push(Event::Connected {
            node,
            session,
            again,
        });
        for (room, cursor) in self.rooms.cursors() {
            let request = Request::Join {
                room: room.clone(),
                since: Some(cursor.clone()),
                limit: None,
            };
            self.requests.add(Rank::Resume, request, None);
        }
    }

    /// Writes what is due and waits for one thing to happen.
    async fn step(&mut self, socket: &mut Socket) -> Result<(), Ended> {
        self.write(socket).await?;
        let answer_timeout = self.settings.answer_timeout;
        let reading = !self.outlet.is_full();
        let deadline = socket.next_deadline(&self.requests, answer_timeout);
        tokio::select! {
            received = socket.connection.next(), if reading => self.hear(received, socket),
            () = self.outlet.drain(), if !reading => {
                if !self.outlet.is_full() {
                    socket.listens_again();
                }
                Ok(())
            }
            Some(command) = self.commands.recv(), if self.requests.has_room() => {
                self.call(command, socket).await
            }
            () = asked_to_close(&mut self.closing) => Err(Ended::Stopped),
            () = sleep_until(deadline), if reading => {
                match socket.overdue(&self.requests, answer_timeout) {
                    Some(lost) => Err(socket.lost(lost)),
                    None => Ok(()),
                }
            }
        }
    }

    /// Writes the commands whose turn it is.
    async fn write(&mut self, socket: &mut Socket) -> Result<(), Ended> {
        let requests = &mut self.requests;
        let most = socket.welcome.limits.frame;
        let connection = &mut socket.connection;
        let writing = async {
            let mut any = false;
            while let Some((id, request)) = requests.next(Instant::now()) {
                let frame = request.to_json(Some(id));
                if most != 0 && frame.len() as u64 > most {
                    refuse_as_too_large(requests.take(id), frame.len(), most);
                    continue;
                }
                connection.feed(frame).await?;
                any = true;
            }
            if any {
                connection.flush().await?;
            }
            Ok::<_, ConnectionError>(())
        };
        let written = timeout(self.settings.answer_timeout, writing).await;
        socket.written(written)
    }

    async fn call(&mut self, command: Command, socket: &mut Socket) -> Result<(), Ended> {
        if !matches!(command.request, Request::Typing { .. }) {
            self.take(command);
            return Ok(());
        }
        let typing = socket.connection.send(command.request.to_json(None));
        let written = timeout(self.settings.answer_timeout, typing).await;
        socket.written(written)
    }

    /// Takes what came from the socket.
    fn hear(
        &mut self,
        received: Result<Received, ConnectionError>,
        socket: &mut Socket,
    ) -> Result<(), Ended> {
        socket.heard();
        match received {
            Ok(Received::Alive) => Ok(()),
            Ok(Received::Text(text)) => match Frame::parse(&text) {
                Ok(frame) => self.frame(frame, socket).map_err(|lost| socket.lost(lost)),
                Err(error) => Err(socket.lost(Lost::OutOfSync(error.to_string()))),
            },
            Ok(Received::Closed { code, reason }) if may_come_back(code) => {
                Err(socket.lost(Lost::Closed { code, reason }))
            }
            Ok(Received::Closed { code, reason }) => {
                Err(Ended::GaveUp(GaveUp::Closed { code, reason }))
            }
            Err(error) => Err(socket.lost(Lost::Broken(error.to_string()))),
        }
    }

    fn frame(&mut self, frame: Frame, socket: &mut Socket) -> Result<(), Lost> {
        match frame {
            Frame::Log(event) => {
                if self.rooms.check(&event.room, event.seq)? == Verdict::Deliver {
                    self.outlet.push(Event::Log(event));
                }
            }
            Frame::Ok(answer) => self.answered(*answer)?,
            Frame::Refused(error) => self.refused(error),
            Frame::Pong(pong) => {
                if let Some(pending) = self.pending_of(pong.id.as_ref()) {
                    pending.1.finish(Ok(OkFrame::default()));
                }
            }
            Frame::Epoch(new) => {
                if self.rooms.enter(&new)? {
                    self.outlet.push(Event::Epoch(new));
                }
            }
            Frame::Typing(typing) => self.outlet.push(Event::Typing(typing)),
            Frame::Presence(presence) => self.outlet.push(Event::Presence(presence)),
            Frame::Expiring(expiring) => {
                let left = Duration::from_millis(expiring.in_ms);
                self.outlet.push(Event::Expiring(left));
            }
            Frame::Reconnect(reconnect) => {
                let absence = reconnect.after_ms.min(LONGEST_ABSENCE);
                socket.back_at = Some(Instant::now() + Duration::from_millis(absence));
            }
            Frame::Welcome(_) | Frame::Other => {}
        }
        Ok(())
    }

    /// The command that a frame answers; `None` for one that was given up or
    /// was none of ours.
    fn pending_of(&mut self, id: Option<&RequestId>) -> Option<(u64, Pending)> {
        let RequestId::Number(id) = *id? else {
            return None;
        };
        Some((id, self.requests.take(id)?))
    }

    fn answered(&mut self, mut answer: OkFrame) -> Result<(), Lost> {
        let Some((_, pending)) = self.pending_of(answer.id.as_ref()) else {
            return Ok(());
        };
        match (&pending.request, &answer.room) {
            (Request::Join { since, .. }, Some(snapshot)) => {
                let (since, snapshot) = (since.clone(), snapshot.clone());
                let missed = std::mem::take(&mut answer.events);
                self.joined(since, snapshot, missed)?;
            }
            (Request::Leave { room }, _) => self.rooms.leave(room),
            _ => {}
        }
        self.requests.went_well();
        pending.finish(Ok(answer));
        Ok(())
    }

    fn joined(
        &mut self,
        since: Option<Cursor>,
        snapshot: Arc<Snapshot>,
        missed: Vec<LogEvent>,
    ) -> Result<(), Lost> {
        if !snapshot.recovered {
            self.rooms.replace(&snapshot);
            self.outlet.push(Event::Snapshot(snapshot));
            return Ok(());
        }
        let new_epoch = since
            .as_ref()
            .filter(|since| since.epoch != snapshot.epoch)
            .map(|since| NewEpoch {
                room: snapshot.room.clone(),
                epoch: snapshot.epoch.clone(),
                seq: since.seq,
            });
        if let Some(since) = since {
            self.rooms.open_at(snapshot.room.clone(), since);
        }
        let seqs = missed.iter().map(|event| event.seq);
        let verdicts = self.rooms.resume(&snapshot, seqs)?;
        if let Some(new_epoch) = new_epoch {
            self.outlet.push(Event::Epoch(new_epoch));
        }
        let count = missed.len();
        for (event, verdict) in missed.into_iter().zip(verdicts) {
            if verdict == Verdict::Deliver {
                self.outlet.push(Event::Log(event));
            }
        }
        self.outlet.push(Event::Resumed {
            room: snapshot.room.clone(),
            missed: count,
            online: snapshot.online.clone(),
            online_count: snapshot.online_count,
        });
        Ok(())
    }

    fn refused(&mut self, error: ErrorFrame) {
        let Some((id, pending)) = self.pending_of(error.id.as_ref()) else {
            if error.id.is_none() {
                self.outlet.push(Event::Error(error));
            }
            return;
        };
        let resuming = pending.resuming().cloned();
        if passes(error.code, resuming.is_some()) {
            let wait = hold(error.retry_after_ms, &mut rand::rng());
            self.requests.again(id, pending, Instant::now() + wait);
        } else if let Some(room) = resuming {
            self.lose_room(room, error);
        } else {
            pending.finish(Err(ClientError::Refused(error)));
        }
    }

    fn lose_room(&mut self, room: RoomId, error: ErrorFrame) {
        self.rooms.leave(&room);
        self.outlet.push(Event::RoomLost { room, error });
    }
}

/// A node would not say which frame it was that it passed over, nor would it
/// take it another time.
fn refuse_as_too_large(pending: Option<Pending>, bytes: usize, most: u64) {
    let error = ErrorFrame {
        id: None,
        code: ErrorCode::TooLarge,
        message: format!("the frame has {bytes} bytes; the node takes at most {most}"),
        retry_after_ms: None,
    };
    if let Some(pending) = pending {
        pending.finish(Err(ClientError::Refused(error)));
    }
}

/// Whether a refusal is met by asking again. A room that was open is not given
/// up for a fault of the node.
fn passes(code: ErrorCode, resuming: bool) -> bool {
    match code {
        ErrorCode::Unavailable | ErrorCode::RateLimited => true,
        ErrorCode::Internal => resuming,
        _ => false,
    }
}

impl Socket {
    fn lost(&self, lost: Lost) -> Ended {
        Ended::Lost {
            lost,
            back_at: self.back_at,
        }
    }

    /// What became of writing.
    fn written(
        &self,
        written: Result<Result<(), ConnectionError>, tokio::time::error::Elapsed>,
    ) -> Result<(), Ended> {
        match written {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(self.lost(Lost::Broken(error.to_string()))),
            Err(_) => Err(self.lost(Lost::NoAnswer)),
        }
    }
}
